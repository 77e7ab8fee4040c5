/* Keypoints and the peaks around them. */
#ifndef POSETRACK_SHARED_SNAP_TO_PEAKS_H
#define POSETRACK_SHARED_SNAP_TO_PEAKS_H

#include "check.h"

namespace posetrack {

struct Snapped {
    float x, y, value;
    int32_t moved; /* 1 or 0 */
};

/* Keypoints of all images, and their peaks. */
struct Snapping {
    const float* keypoints;   /* (B, N, K, 2) */
    const int32_t* cells;     /* (B, K, M) */
    const float* peak_values; /* (B, K, M) */
    const float* unmoved;     /* (B, N, K), or null */
    const int32_t* counts;    /* (B), or null */
    int64_t N, K, M, W;
    float max_distance, min_value, zero_at;
};

/* One keypoint and its M peaks. As in the released code, distances are compared after their roots
 * were rounded: nearly equal ones become equal, and the first of them counts.
 */
PT_HD Snapped snap_keypoint(
    float x, float y, const int32_t* cells, const float* values, int64_t M, int64_t W,
    float max_distance, float min_value) {
    int64_t nearest = 0;
    float least = positive_infinity();
    for (int64_t m = 0; m < M; ++m) {
        if (cells[m] < 0 || !(values[m] > min_value)) continue;
        const float dx = x - (float)(cells[m] % W), dy = y - (float)(cells[m] / W);
        const float distance = sqrtf(dx * dx + dy * dy);
        if (!(distance < least)) continue;
        least = distance;
        nearest = m;
    }
    if (M == 0) return {x, y, 0.0f, 0};
    if (!(least < max_distance)) return {x, y, values[nearest], 0};
    return {(float)(cells[nearest] % W), (float)(cells[nearest] / W), values[nearest], 1};
}

/* Keypoint number i of all. */
PT_HD Snapped snapped(const Snapping& all, int64_t i) {
    const int64_t b = i / (all.N * all.K), first = all.M * (b * all.K + i % all.K);
    if (i / all.K % all.N >= valid_rows(all.counts, b, all.N)) return {0.0f, 0.0f, 0.0f, 0};
    Snapped found = snap_keypoint(
        all.keypoints[2 * i], all.keypoints[2 * i + 1], all.cells + first, all.peak_values + first,
        all.M, all.W, all.max_distance, all.min_value);
    if (found.value <= all.zero_at) found.value = 0.0f;
    if (all.unmoved && !found.moved) found.value = all.unmoved[i];
    return found;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_snap_to_peaks(
    const float* points, const float* values, const int32_t* moved, const float* keypoints,
    const int32_t* cells, const float* peak_values, const float* unmoved, const int32_t* counts,
    int64_t B, int64_t N, int64_t K, int64_t M, int64_t W, float max_distance, float min_value,
    float zero_at) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}, {"M", M}, {"W", W}})
        .that(W > 0, "W must be above 0: peaks are numbered by row * W + column")
        .that(!is_nan(max_distance), "max_distance must be a number")
        .that(!is_nan(min_value), "min_value must be a number")
        .that(!is_nan(zero_at), "zero_at must be a number")
        .array("points", points, {B, N, K, 2})
        .array("values", values, {B, N, K})
        .array("moved", moved, {B, N, K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("cells", cells, {B, K, M})
        .array("peak_values", peak_values, {B, K, M})
        .optional("unmoved", unmoved, {B, N, K})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
