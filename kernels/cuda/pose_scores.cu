#include "../shared/pose_scores.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pose. */
__global__ void score_poses(
    float* scores, const float* values, const float* factors, const int32_t* counts, int64_t total,
    int64_t N, int64_t K, float found) {
    const int64_t n = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (n < total) scores[n] = pose_score(values, factors, counts, n, N, K, found);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_pose_scores_cuda(
    float* scores, const float* values, const float* factors, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, float found, void* stream) {
    if (auto status = check_pose_scores(scores, values, factors, counts, B, N, K, found))
        return status;
    const int64_t total = B * N;
    return launch<score_poses>(
        {blocks_for(total), kThreads, 0, stream}, scores, values, factors, counts, total, N, K,
        found);
}
#endif
