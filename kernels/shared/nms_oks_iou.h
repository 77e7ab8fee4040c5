/* The order in which rows are visited, and when two are too similar. */
#ifndef POSETRACK_SHARED_NMS_OKS_IOU_H
#define POSETRACK_SHARED_NMS_OKS_IOU_H

#include "scratch.h"

namespace posetrack {

/* Best score first; of equal ones the earlier row; NaN last. */
PT_HD bool ranks_before(float a_score, int32_t a, float b_score, int32_t b) {
    if (is_nan(a_score) || is_nan(b_score))
        return is_nan(a_score) == is_nan(b_score) ? a < b : is_nan(b_score);
    return a_score > b_score || (a_score == b_score && a < b);
}

PT_HD bool exceeds(double similarity, double threshold) { return similarity > threshold; }

#if !defined(__CUDACC_RTC__)
/* `needed` is what the twin's function says of the scratch. */
inline pt_status check_nms_oks_iou(
    const int32_t* rows, const int32_t* count, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const float* keypoints, const float* areas, const float* sigmas,
    const float* boxes, const float* scores, const int32_t* counts, int64_t B, int64_t N, int64_t K,
    double oks_threshold, double iou_threshold, double edge) {
    Check check;
    check.sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(!is_nan(oks_threshold), "oks_threshold must be a number")
        .that(!is_nan(iou_threshold), "iou_threshold must be a number")
        .that(!is_nan(edge), "edge must be a number")
        .array("rows", rows, {B, N})
        .array("count", count, {B})
        .optional("keypoints", keypoints, {B, N, K, 2})
        .optional("areas", areas, {B, N})
        .optional("sigmas", sigmas, {K})
        .optional("boxes", boxes, {B, N, 4})
        .array("scores", scores, {B, N})
        .optional("counts", counts, {B});
    if (keypoints) check.array("areas", areas, {B, N}).array("sigmas", sigmas, {K});
    return check.scratch(scratch, scratch_bytes, needed).status();
}
#endif

}  // namespace posetrack

#endif
