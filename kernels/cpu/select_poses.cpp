#include "../shared/select_poses.h"

#include <algorithm>

namespace posetrack {
namespace {

/* Writes the candidates of image b that are taken, first those that come first; returns how many.
 */
int64_t order_candidates(int32_t* order, const Candidates& all, int64_t b, int64_t M) {
    int64_t staying = 0;
    for (int64_t i = 0; i < all.N; ++i)
        if (staying_row(all, b, i) >= 0) order[staying++] = (int32_t)i;
    const int64_t count = std::min(staying, M);
    const float* scores = all.scores + b * all.N;
    const auto before = [&](int32_t i, int32_t j) {
        return is_taken_before(
            scores[staying_row(all, b, i)], i, scores[staying_row(all, b, j)], j, all.ranked);
    };
    if (all.ranked) std::partial_sort(order, order + count, order + staying, before);
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_select_poses_scratch_bytes_cpu(int64_t N) {
    return check_select_poses_sizes(N) ? -1 : scratch_bytes<StayingCandidates>(N);
}

pt_status pt_select_poses_cpu(
    float* taken_keypoints, float* taken_keypoint_scores, float* taken_scores, float* taken_boxes,
    int32_t* taken_rows, int32_t* count, void* scratch, int64_t scratch_bytes,
    const float* keypoints, const float* keypoint_scores, const float* scores, const float* boxes,
    const int32_t* rows, const int32_t* counts, int64_t B, int64_t N, int64_t K, int64_t M,
    float min_score, int64_t ranked) {
    const int64_t needed = pt_select_poses_scratch_bytes_cpu(N);
    const TakenPoses taken = {taken_keypoints, taken_keypoint_scores, taken_scores, taken_boxes};
    const GivenPoses given = {keypoints, keypoint_scores, scores, boxes, K};
    const Candidates all = {scores, rows, counts, N, min_score, ranked != 0};
    if (auto status = check_select_poses(
            taken, taken_rows, count, scratch, scratch_bytes, needed, given, all, B, M))
        return status;
    const auto working = lay_out<StayingCandidates>(scratch, N);
    for (int64_t b = 0; b < B; ++b) {
        count[b] = (int32_t)order_candidates(working.order, all, b, M);
        for (int64_t m = 0; m < M; ++m) {
            const int64_t row = m < count[b] ? staying_row(all, b, working.order[m]) : -1;
            const int64_t to = b * M + m, from = row < 0 ? -1 : b * N + row;
            taken_rows[to] = (int32_t)row;
            take_pose(taken, given, to, from);
            for (int64_t k = 0; k < K; ++k) take_keypoint(taken, given, to, from, k);
        }
    }
    return PT_OK;
}
