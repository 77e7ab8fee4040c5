#include "../shared/snap_to_peaks.h"

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_snap_to_peaks_cpu(
    float* points, float* values, uint8_t* moved, const float* keypoints, const int32_t* cells,
    const float* peak_values, int64_t B, int64_t N, int64_t K, int64_t M, int64_t W,
    float max_distance, float min_value) {
    if (B < 0 || N < 0 || K < 0 || M < 0 || W < 0) return PT_INVALID_ARGUMENT;
    if (max_distance != max_distance || min_value != min_value) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    if (!points || !values || !moved || !keypoints) return PT_INVALID_ARGUMENT;
    if (M > 0 && (W == 0 || !cells || !peak_values)) return PT_INVALID_ARGUMENT;
    for (int64_t i = 0; i < B * N * K; ++i) {
        const int64_t first = M * (i / (N * K) * K + i % K);
        const Snapped found = snap_keypoint(
            keypoints[2 * i], keypoints[2 * i + 1], M > 0 ? cells + first : cells,
            M > 0 ? peak_values + first : peak_values, M, W, max_distance, min_value);
        points[2 * i] = found.x;
        points[2 * i + 1] = found.y;
        values[i] = found.value;
        moved[i] = found.moved;
    }
    return PT_OK;
}
