#include "../shared/scoring_feature.h"

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_scoring_feature_cpu(
    float* features, const float* keypoints, const float* scores, int64_t N, int64_t K) {
    if (N < 0 || links_of(K) == 0) return PT_INVALID_ARGUMENT;
    if (N == 0) return PT_OK;
    if (!features || !keypoints || !scores) return PT_INVALID_ARGUMENT;
    const int64_t L = links_of(K);
    for (int64_t n = 0; n < N; ++n, features += 3 * L + K) {
        const float* pose = keypoints + n * K * 2;
        const float unit = pose_unit(pose, K);
        for (int64_t link = 0; link < L; ++link) link_features(features, pose, K, link, unit);
        for (int64_t k = 0; k < K; ++k) features[3 * L + k] = scores[n * K + k];
    }
    return PT_OK;
}
