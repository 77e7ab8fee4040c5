/* Keypoints and the peaks around them. */
#ifndef POSETRACK_SHARED_SNAP_TO_PEAKS_H
#define POSETRACK_SHARED_SNAP_TO_PEAKS_H

#include "check.h"

namespace posetrack {

struct Snapped {
    float x, y, value;
    bool moved;
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
    if (M == 0) return {x, y, 0.0f, false};
    if (!(least < max_distance)) return {x, y, values[nearest], false};
    return {(float)(cells[nearest] % W), (float)(cells[nearest] / W), values[nearest], true};
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_snap_to_peaks(
    const float* points, const float* values, const bool* moved, const float* keypoints,
    const int32_t* cells, const float* peak_values, const int32_t* counts, int64_t B, int64_t N,
    int64_t K, int64_t M, int64_t W, float max_distance, float min_value) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}, {"M", M}, {"W", W}})
        .that(W > 0, "W must be above 0: peaks are numbered by row * W + column")
        .that(!is_nan(max_distance), "max_distance must be a number")
        .that(!is_nan(min_value), "min_value must be a number")
        .array("points", points, {B, N, K, 2})
        .array("values", values, {B, N, K})
        .array("moved", moved, {B, N, K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("cells", cells, {B, K, M})
        .array("peak_values", peak_values, {B, K, M})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
