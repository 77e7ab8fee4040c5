#include "../shared/snap_to_peaks.h"

using namespace posetrack;

pt_status pt_snap_to_peaks_cpu(
    float* points, float* values, bool* moved, const float* keypoints, const int32_t* cells,
    const float* peak_values, const int32_t* counts, int64_t B, int64_t N, int64_t K, int64_t M,
    int64_t W, float max_distance, float min_value) {
    if (auto status = check_snap_to_peaks(
            points, values, moved, keypoints, cells, peak_values, counts, B, N, K, M, W,
            max_distance, min_value))
        return status;
    for (int64_t i = 0; i < B * N * K; ++i) {
        const int64_t b = i / (N * K), first = M * (b * K + i % K);
        Snapped found = {0.0f, 0.0f, 0.0f, false};
        if (i / K % N < valid_rows(counts, b, N))
            found = snap_keypoint(
                keypoints[2 * i], keypoints[2 * i + 1], cells + first, peak_values + first, M, W,
                max_distance, min_value);
        points[2 * i] = found.x;
        points[2 * i + 1] = found.y;
        values[i] = found.value;
        moved[i] = found.moved;
    }
    return PT_OK;
}
