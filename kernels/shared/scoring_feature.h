/* The input of the pose scoring network for a pose.
 *
 * Links and units: JOINT_*_LINK_1 and 2 and `get_feature` of github.com/HRNet/DEKR.
 */
#ifndef POSETRACK_SHARED_SCORING_FEATURE_H
#define POSETRACK_SHARED_SCORING_FEATURE_H

#include "check.h"

namespace posetrack {

/* Links between the keypoints of COCO and of CrowdPose; 0 for other poses. */
PT_HD constexpr int64_t links_of(int64_t K) { return K == 17 ? 19 : K == 14 ? 15 : 0; }

PT_HD int32_t link_start(int64_t K, int64_t link) {
    constexpr int32_t coco[] = {0, 0, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7, 8, 11, 11, 12, 13, 14};
    constexpr int32_t crowdpose[] = {12, 13, 13, 0, 1, 2, 3, 0, 1, 6, 7, 8, 9, 6, 0};
    return K == 17 ? coco[link] : crowdpose[link];
}

PT_HD int32_t link_end(int64_t K, int64_t link) {
    constexpr int32_t coco[] = {1, 2, 2, 3, 4, 5, 6, 6, 7, 11, 8, 12, 9, 10, 12, 13, 14, 15, 16};
    constexpr int32_t crowdpose[] = {13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 7, 1};
    return K == 17 ? coco[link] : crowdpose[link];
}

PT_HD float link_length(const float* keypoints, int64_t K, int64_t link) {
    const float* start = keypoints + 2 * link_start(K, link);
    const float* end = keypoints + 2 * link_end(K, link);
    const float dx = start[0] - end[0], dy = start[1] - end[1];
    return sqrtf(dx * dx + dy * dy);
}

/* The mean length of two links, at least one pixel. In COCO they are the sides of the trunk; the
 * released code takes the same link numbers for CrowdPose, where they are the thigh and the shin of
 * the left leg.
 */
PT_HD float pose_unit(const float* keypoints, int64_t K) {
    const float mean = (link_length(keypoints, K, 9) + link_length(keypoints, K, 11)) / 2.0f;
    return mean < 1.0f ? 1.0f : mean;
}

/* Features 2 * link, 2 * link + 1 and 2 * L + link of a pose, in its units. */
template <typename Feature>
PT_HD void link_features(
    Feature* features, const float* keypoints, int64_t K, int64_t link, float unit) {
    const float* start = keypoints + 2 * link_start(K, link);
    const float* end = keypoints + 2 * link_end(K, link);
    store_as(features + 2 * link, (start[0] - end[0]) / unit);
    store_as(features + 2 * link + 1, (start[1] - end[1]) / unit);
    store_as(features + 2 * links_of(K) + link, link_length(keypoints, K, link) / unit);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_scoring_feature(
    const void* features, const float* keypoints, const float* scores, const int32_t* counts,
    pt_dtype features_dtype, int64_t B, int64_t N, int64_t K, int64_t L) {
    return Check()
        .that(links_of(K) > 0, "K must be 17 or 14: leave pose scoring out for other poses")
        .that(L == links_of(K), "L must be 19 links for 17 keypoints, 15 for 14")
        .sizes({{"B", B}, {"N", N}})
        .head("features", features, features_dtype, {B, N, 3 * L + K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("scores", scores, {B, N, K})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
