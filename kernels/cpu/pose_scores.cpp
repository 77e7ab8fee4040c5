#include "../shared/pose_scores.h"

using namespace posetrack;

pt_status pt_pose_scores_cpu(
    float* scores, const float* values, const float* factors, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, float found) {
    if (auto status = check_pose_scores(scores, values, factors, counts, B, N, K, found))
        return status;
    for (int64_t n = 0; n < B * N; ++n)
        scores[n] = pose_score(values, factors, counts, n, N, K, found);
    return PT_OK;
}
