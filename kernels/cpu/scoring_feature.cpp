#include "../shared/scoring_feature.h"

#include <algorithm>

namespace posetrack {
namespace {

/* One pose. Links are known here, so that each is computed without looking its ends up. */
template <int64_t K, typename Feature>
void fill_row(
    Feature* __restrict row, const float* __restrict pose, const float* __restrict scores) {
    constexpr int64_t L = links_of(K);
    const float unit = pose_unit(pose, K);
#pragma GCC unroll 32
    for (int64_t link = 0; link < L; ++link) link_features(row, pose, K, link, unit);
    for (int64_t k = 0; k < K; ++k) store_as(row + 3 * L + k, scores[k]);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_scoring_feature_cpu(
    void* features, const float* keypoints, const float* scores, const int32_t* counts,
    pt_dtype features_dtype, int64_t B, int64_t N, int64_t K, int64_t L) {
    if (auto status =
            check_scoring_feature(features, keypoints, scores, counts, features_dtype, B, N, K, L))
        return status;
    return with_head(features_dtype, [&](auto type) {
        auto* row = static_cast<decltype(type)*>(features);
        for (int64_t n = 0; n < B * N; ++n, row += 3 * L + K) {
            const float *pose = keypoints + n * K * 2, *of_pose = scores + n * K;
            if (n % N >= valid_rows(counts, n / N, N))
                std::fill_n(row, 3 * L + K, decltype(type){});
            else if (K == 17)
                fill_row<17>(row, pose, of_pose);
            else
                fill_row<14>(row, pose, of_pose);
        }
        return (pt_status)PT_OK;
    });
}
