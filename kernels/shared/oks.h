/* Object keypoint similarity of one pair of poses. */
#ifndef POSETRACK_SHARED_OKS_H
#define POSETRACK_SHARED_OKS_H

#include "rough_similarity.h"

namespace posetrack {

PT_HD bool has_area(float area) { return area > 0.0f; }
PT_HD int32_t is_present(float score) { return score > 0.0f; }

PT_HD float keypoint_variance(float area, float sigma) {
    const float deviation = 2.0f * sigma;
    return 2.0f * area * (deviation * deviation);
}

/* What one keypoint of b adds; 0 if its score is not above 0, or a coordinate is NaN. */
PT_HD float keypoint_similarity(
    const float* a, const float* b, float b_score, float b_area, float sigma) {
    const float variance = keypoint_variance(b_area, sigma);
    const float similar = exp_of_negative(-keypoint_distance(a, b) / variance);
    return is_present(b_score) ? similar : 0.0f;
}

/* Keypoints are added in their order, so that every twin gets the same bits. */
PT_HD float plus(float sum, float similar) { return sum + similar; }

PT_HD float mean_similarity(float sum, int64_t present) {
    return present > 0 ? sum / (float)present : 0.0f;
}

PT_HD bool is_alike(float oks, float threshold) { return oks > threshold; }

#if !defined(__CUDACC_RTC__)
inline pt_status check_oks_matrix(
    const float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t N,
    int64_t M, int64_t K) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"M", M}, {"K", K}})
        .array("oks", oks, {B, N, M})
        .array("a", a, {B, N, K, 2})
        .array("b", b, {B, M, K, 2})
        .array("b_scores", b_scores, {B, M, K})
        .array("b_area", b_area, {B, M})
        .array("sigmas", sigmas, {K})
        .optional("counts", counts, {B})
        .optional("other_counts", other_counts, {B})
        .status();
}

inline pt_status check_nms_oks_visible(
    const int32_t* rows, const int32_t* count, const float* keypoints, const float* scores,
    const float* areas, const float* sigmas, const int32_t* counts, int64_t B, int64_t N, int64_t K,
    float threshold) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(!is_nan(threshold), "threshold must be a number")
        .array("rows", rows, {B, N})
        .array("count", count, {B})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("scores", scores, {B, N, K})
        .array("areas", areas, {B, N})
        .array("sigmas", sigmas, {K})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
