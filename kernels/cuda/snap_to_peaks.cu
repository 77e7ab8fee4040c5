#include "../shared/snap_to_peaks.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
__global__ void snap_to_peaks(
    float* points, float* values, uint8_t* moved, const float* keypoints, const int32_t* cells,
    const float* peak_values, int64_t total, int64_t N, int64_t K, int64_t M, int64_t W,
    float max_distance, float min_value) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t first = M * (i / (N * K) * K + i % K);
    const Snapped found = snap_keypoint(
        keypoints[2 * i], keypoints[2 * i + 1], M > 0 ? cells + first : cells,
        M > 0 ? peak_values + first : peak_values, M, W, max_distance, min_value);
    points[2 * i] = found.x;
    points[2 * i + 1] = found.y;
    values[i] = found.value;
    moved[i] = found.moved;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_snap_to_peaks_cuda(
    float* points, float* values, uint8_t* moved, const float* keypoints, const int32_t* cells,
    const float* peak_values, int64_t B, int64_t N, int64_t K, int64_t M, int64_t W,
    float max_distance, float min_value, void* stream) {
    if (B < 0 || N < 0 || K < 0 || M < 0 || W < 0) return PT_INVALID_ARGUMENT;
    if (max_distance != max_distance || min_value != min_value) return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * K;
    if (total == 0) return PT_OK;
    if (!points || !values || !moved || !keypoints) return PT_INVALID_ARGUMENT;
    if (M > 0 && (W == 0 || !cells || !peak_values)) return PT_INVALID_ARGUMENT;
    return launch<snap_to_peaks>(
        {blocks_for(total), kThreads, 0, stream}, points, values, moved, keypoints, cells,
        peak_values, total, N, K, M, W, max_distance, min_value);
}
#endif
