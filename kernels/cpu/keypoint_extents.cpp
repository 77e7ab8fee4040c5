#include "../shared/keypoint_extents.h"

using namespace posetrack;

pt_status pt_keypoint_extents_cpu(
    float* boxes, const float* keypoints, const float* scores, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, float found) {
    const FoundKeypoints all = {keypoints, scores, counts, N, K, found};
    if (auto status = check_keypoint_extents(boxes, all, B)) return status;
    for (int64_t n = 0; n < B * N; ++n) keypoint_extent(boxes + 4 * n, all, n);
    return PT_OK;
}
