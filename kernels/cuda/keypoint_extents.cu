#include "../shared/keypoint_extents.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pose. */
__global__ void extend_poses(float* boxes, int64_t total, FoundKeypoints all) {
    const int64_t n = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (n < total) keypoint_extent(boxes + 4 * n, all, n);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_keypoint_extents_cuda(
    float* boxes, const float* keypoints, const float* scores, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, float found, void* stream) {
    const FoundKeypoints all = {keypoints, scores, counts, N, K, found};
    if (auto status = check_keypoint_extents(boxes, all, B)) return status;
    const int64_t total = B * N;
    return launch<extend_poses>({blocks_for(total), kThreads, 0, stream}, boxes, total, all);
}
#endif
