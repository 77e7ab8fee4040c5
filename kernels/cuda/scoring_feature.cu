#include "../shared/scoring_feature.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per link or keypoint of a pose. */
template <typename Feature>
__global__ void make_features(
    Feature* features, const float* keypoints, const float* scores, const int32_t* counts,
    int64_t total, int64_t N, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t L = links_of(K), n = i / (L + K), part = i % (L + K);
    Feature* row = features + n * (3 * L + K);
    const float* pose = keypoints + n * K * 2;
    const bool counted = n % N < valid_rows(counts, n / N, N);
    if (part < L && counted) {
        link_features(row, pose, K, part, pose_unit(pose, K));
        return;
    }
    store_as(row + 2 * L + part, part >= L && counted ? scores[n * K + part - L] : 0);
    if (part >= L) return;
    store_as(row + 2 * part, 0);
    store_as(row + 2 * part + 1, 0);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_scoring_feature_cuda(
    void* features, const float* keypoints, const float* scores, const int32_t* counts,
    pt_dtype features_dtype, int64_t B, int64_t N, int64_t K, int64_t L, void* stream) {
    if (auto status =
            check_scoring_feature(features, keypoints, scores, counts, features_dtype, B, N, K, L))
        return status;
    const int64_t total = B * N * (L + K);
    return with_head(features_dtype, [&](auto type) {
        return launch<make_features<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, static_cast<decltype(type)*>(features),
            keypoints, scores, counts, total, N, K);
    });
}
#endif
