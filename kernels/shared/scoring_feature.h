/* The input of the pose scoring network for a pose.
 *
 * Links and units: JOINT_*_LINK_1 and 2 and `get_feature` of github.com/HRNet/DEKR.
 */
#ifndef POSETRACK_SHARED_SCORING_FEATURE_H
#define POSETRACK_SHARED_SCORING_FEATURE_H

#include "portable.h"

namespace posetrack {

/* Links between the keypoints of COCO and of CrowdPose; 0 for other poses. */
PT_HD int64_t links_of(int64_t K) { return K == 17 ? 19 : K == 14 ? 15 : 0; }

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
PT_HD void link_features(
    float* features, const float* keypoints, int64_t K, int64_t link, float unit) {
    const float* start = keypoints + 2 * link_start(K, link);
    const float* end = keypoints + 2 * link_end(K, link);
    features[2 * link] = (start[0] - end[0]) / unit;
    features[2 * link + 1] = (start[1] - end[1]) / unit;
    features[2 * links_of(K) + link] = link_length(keypoints, K, link) / unit;
}

}  // namespace posetrack

#endif
