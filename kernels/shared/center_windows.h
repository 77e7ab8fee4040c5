/* LOGO-CAP's initial poses and their local windows: what both twins share besides the formulas of
 * center_offset_decode and local_windows, of which this is one after the other.
 */
#ifndef POSETRACK_SHARED_CENTER_WINDOWS_H
#define POSETRACK_SHARED_CENTER_WINDOWS_H

#include "center_offset_decode.h"
#include "local_windows.h"

namespace posetrack {

/* A coordinate in cells as one in input pixels. */
PT_HD float input_pixel(float cell, float stride) { return cell * stride; }

#if !defined(__CUDACC_RTC__)
inline pt_status check_center_windows(
    const float* keypoints, const void* features, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const int32_t* cells, const void* offset, const float* steps,
    const void* embedding, const int32_t* counts, pt_dtype features_dtype, pt_dtype offset_dtype,
    pt_dtype embedding_dtype, int64_t offset_batch_stride, int64_t embedding_batch_stride,
    int64_t B, int64_t N, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride,
    float sign, int64_t ratio) {
    if (auto status = check_center_offset_decode(
            keypoints, cells, offset, offset_dtype, offset_batch_stride, B, N, K, h, w, sign, ratio,
            PT_RULE_FLOOR))
        return status;
    return check_local_windows(
        features, scratch, scratch_bytes, needed, keypoints, steps, embedding, counts,
        features_dtype, embedding_dtype, embedding_batch_stride, B, N, K, C, h, w, s, stride);
}
#endif

}  // namespace posetrack

#endif
