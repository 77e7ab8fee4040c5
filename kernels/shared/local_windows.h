/* LOGO-CAP's local windows: where the points of a keypoint's mesh lie on the embedding. */
#ifndef POSETRACK_SHARED_LOCAL_WINDOWS_H
#define POSETRACK_SHARED_LOCAL_WINDOWS_H

#include "map_sampling.h"
#include "scratch.h"

namespace posetrack {

/* A mesh point's neighbours along one axis; `keypoint` and `step` in input pixels. A NaN
 * coordinate takes the first cell.
 */
PT_HD Neighbours mesh_neighbours(float keypoint, float step, float stride, int64_t cells) {
    const float place = (keypoint + step) / stride;
    return sampled_neighbours(is_nan(place) ? 0.0f : place, cells);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_local_windows_sizes(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    return Check()
        .dtype("features_dtype", features_dtype)
        .dtype("embedding_dtype", embedding_dtype)
        .sizes({{"C", C}, {"s", s}})
        .sides({{"h", h}, {"w", w}})
        .status();
}

inline pt_status check_local_windows(
    const void* features, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const float* keypoints, const float* steps, const void* embedding, const int32_t* counts,
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t embedding_batch_stride, int64_t B,
    int64_t N, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    if (auto status = check_local_windows_sizes(features_dtype, embedding_dtype, C, h, w, s))
        return status;
    const bool empty = product_of({B, N, K, C, s}) == 0;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(stride > 0.0f, "stride must be above 0")
        .that(empty || h > 0, "h must be above 0: an embedding must have cells")
        .that(empty || w > 0, "w must be above 0: an embedding must have cells")
        .head("features", features, features_dtype, {B, N, K, C, s, s})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("steps", steps, {K, s})
        .head("embedding", embedding, embedding_dtype, embedding_batch_stride, {B, C, h, w})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
