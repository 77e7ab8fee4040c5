#include "../shared/select_poses.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr unsigned kTakers = 512; /* threads per image */

/* How many candidates of image b come before candidate i, which stays with this score. */
__device__ int64_t place_of(const Candidates& all, int64_t b, int64_t i, float score) {
    int64_t place = 0;
    for (int64_t other = 0; other < all.N; ++other) {
        const int64_t row = staying_row(all, b, other);
        if (row < 0) continue;
        const float other_score = all.scores[b * all.N + row];
        place += is_taken_before(other_score, other, score, i, all.ranked) ? 1 : 0;
    }
    return place;
}

__device__ int64_t count_staying(const Candidates& all, int64_t b) {
    int64_t staying = 0;
    for (int64_t i = 0; i < all.N; ++i) staying += staying_row(all, b, i) >= 0 ? 1 : 0;
    return staying;
}

/* One block per image: candidates find their places, then the places are filled. */
__global__ void select_poses(
    TakenPoses taken, int32_t* taken_rows, int32_t* count, GivenPoses given, Candidates all,
    int64_t M) {
    __shared__ int64_t found;
    const int64_t b = blockIdx.x, N = all.N;
    for (int64_t i = threadIdx.x; i < N; i += kTakers) {
        const int64_t row = staying_row(all, b, i);
        if (row < 0) continue;
        const int64_t place = place_of(all, b, i, all.scores[b * N + row]);
        if (place < M) taken_rows[b * M + place] = (int32_t)row;
    }
    if (threadIdx.x == 0) {
        const int64_t staying = count_staying(all, b);
        found = staying < M ? staying : M;
        count[b] = (int32_t)found;
    }
    __syncthreads();
    for (int64_t i = threadIdx.x; i < M * given.K; i += kTakers) {
        const int64_t m = i / given.K;
        const int64_t from = m < found ? b * N + taken_rows[b * M + m] : -1;
        take_keypoint(taken, given, b * M + m, from, i % given.K);
    }
    for (int64_t m = threadIdx.x; m < M; m += kTakers) {
        if (m >= found) taken_rows[b * M + m] = -1;
        take_pose(taken, given, b * M + m, m < found ? b * N + taken_rows[b * M + m] : -1);
    }
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_select_poses_scratch_bytes_cuda(int64_t N) {
    return check_select_poses_sizes(N) ? -1 : 0;
}

pt_status pt_select_poses_cuda(
    float* taken_keypoints, float* taken_keypoint_scores, float* taken_scores, float* taken_boxes,
    int32_t* taken_rows, int32_t* count, void* scratch, int64_t scratch_bytes,
    const float* keypoints, const float* keypoint_scores, const float* scores, const float* boxes,
    const int32_t* rows, const int32_t* counts, int64_t B, int64_t N, int64_t K, int64_t M,
    float min_score, int64_t ranked, void* stream) {
    const TakenPoses taken = {taken_keypoints, taken_keypoint_scores, taken_scores, taken_boxes};
    const GivenPoses given = {keypoints, keypoint_scores, scores, boxes, K};
    const Candidates all = {scores, rows, counts, N, min_score, ranked != 0};
    if (auto status = check_select_poses(
            taken, taken_rows, count, scratch, scratch_bytes, 0, given, all, B, M))
        return status;
    return launch<select_poses>({B, kTakers, 0, stream}, taken, taken_rows, count, given, all, M);
}
#endif
