/* Gaussian smoothing along one axis, and OGN's keypoint at a cell. */
#ifndef POSETRACK_SHARED_SMOOTH_HEATMAPS_H
#define POSETRACK_SHARED_SMOOTH_HEATMAPS_H

#include "scratch.h"

namespace posetrack {

/* The filter ends at this many standard deviations. */
constexpr double kTruncate = 4.0;
/* Wide enough for any map; the weights still fit into a block's shared memory. */
constexpr double kMaxDeviation = 64.0;
constexpr int64_t kMaxReach = 256;

PT_HD bool deviation_is_valid(double deviation) {
    return deviation >= 0.0 && deviation <= kMaxDeviation;
}

/* Cells on either side that count. */
PT_HD int64_t smoothing_radius(double deviation) { return (int64_t)(kTruncate * deviation + 0.5); }

/* (radius + 1) weights by distance, which over both sides add up to 1. */
PT_HD void smoothing_weights(float* weights, int64_t radius, double deviation) {
    weights[0] = 1.0f;
    if (radius == 0) return; /* the deviation may be 0 */
    double total = 1.0;
    for (int64_t i = 1; i <= radius; ++i) {
        const double distance = (double)i / deviation;
        weights[i] = exp_of_negative((float)(-0.5 * distance * distance));
        total += 2.0 * (double)weights[i];
    }
    for (int64_t i = 0; i <= radius; ++i) weights[i] = (float)((double)weights[i] / total);
}

/* The sum begins in the middle and goes outwards in pairs, so that a flipped map gives flipped
 * sums.
 */
PT_HD float middle_tap(float value, float weight) { return value * weight; }
PT_HD float pair_of_taps(float sum, float before, float after, float weight) {
    return sum + (before + after) * weight;
}

/* Whether a weighted mean of values up to `limit` stays below `best`, however it is rounded. */
PT_HD bool mean_stays_below(float limit, float best) { return limit + fabsf(limit) * 1e-4f < best; }

/* OGN's keypoint at a cell, in cells, and the map's value there; `offset` is the field of its x,
 * followed by that of its y, or null.
 */
template <typename Head>
PT_HD void fused_keypoint(
    float* keypoint, float* value, const Head* map, const Head* offset, int64_t cell, int64_t h,
    int64_t w, float radius) {
    keypoint[0] = keypoint[1] = *value = 0.0f;
    if (cell < 0) return;
    *value = to_float(map[cell]);
    keypoint[0] = (float)(cell % w);
    keypoint[1] = (float)(cell / w);
    if (!offset) return;
    keypoint[0] += to_float(offset[cell]) * radius;
    keypoint[1] += to_float(offset[h * w + cell]) * radius;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_smoothing_sizes(
    int64_t h, int64_t w, double deviation, const char* range = "deviation must be 0 to 64 cells") {
    return Check()
        .sizes({{"h", h}, {"w", w}})
        .cells("h", h, "w", w)
        .that(deviation_is_valid(deviation), range)
        .status();
}

inline pt_status check_smooth_heatmaps(
    const float* smoothed, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K,
    int64_t h, int64_t w) {
    return Check()
        .sizes({{"B", B}, {"K", K}})
        .array("smoothed", smoothed, {B, K, h, w})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, K, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}

inline pt_status check_fuse_offsets(
    const float* keypoints, const float* values, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const void* heatmaps, const void* offsets, pt_dtype dtype,
    int64_t heatmaps_batch_stride, int64_t offsets_batch_stride, int64_t B, int64_t K, int64_t h,
    int64_t w) {
    return Check()
        .sizes({{"B", B}, {"K", K}})
        .dtype("dtype", dtype)
        .array("keypoints", keypoints, {B, K, 2})
        .array("values", values, {B, K})
        .head("heatmaps", heatmaps, dtype, heatmaps_batch_stride, {B, K, h, w})
        .head("offsets", offsets, dtype, offsets_batch_stride, {offsets ? B : 0, 2, K, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
