#include "../shared/scoring_feature.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per link or keypoint of a pose. */
__global__ void make_features(
    float* features, const float* keypoints, const float* scores, int64_t total, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t L = links_of(K), n = i / (L + K), part = i % (L + K);
    float* row = features + n * (3 * L + K);
    const float* pose = keypoints + n * K * 2;
    if (part < L)
        link_features(row, pose, K, part, pose_unit(pose, K));
    else
        row[2 * L + part] = scores[n * K + part - L];
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_scoring_feature_cuda(
    float* features, const float* keypoints, const float* scores, int64_t N, int64_t K,
    void* stream) {
    if (N < 0 || links_of(K) == 0) return PT_INVALID_ARGUMENT;
    if (N == 0) return PT_OK;
    if (!features || !keypoints || !scores) return PT_INVALID_ARGUMENT;
    const int64_t total = N * (links_of(K) + K);
    return launch<make_features>(
        {blocks_for(total), kThreads, 0, stream}, features, keypoints, scores, total, K);
}
#endif
