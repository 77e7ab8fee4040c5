#include "../shared/snap_to_peaks.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
__global__ void snap_to_peaks(
    float* points, float* values, int32_t* moved, Snapping all, int64_t total) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const Snapped found = snapped(all, i);
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
    float* points, float* values, int32_t* moved, const float* keypoints, const int32_t* cells,
    const float* peak_values, const float* unmoved, const int32_t* counts, int64_t B, int64_t N,
    int64_t K, int64_t M, int64_t W, float max_distance, float min_value, float zero_at,
    void* stream) {
    if (auto status = check_snap_to_peaks(
            points, values, moved, keypoints, cells, peak_values, unmoved, counts, B, N, K, M, W,
            max_distance, min_value, zero_at))
        return status;
    const Snapping all = {keypoints, cells, peak_values, unmoved,      counts,    N,
                          K,         M,     W,           max_distance, min_value, zero_at};
    const int64_t total = B * N * K;
    return launch<snap_to_peaks>(
        {blocks_for(total), kThreads, 0, stream}, points, values, moved, all, total);
}
#endif
