/* The whole grid computes the relation of every pair of poses; then one block per image visits row
 * after row and only looks relations up.
 */
#include "../shared/nms_near_keypoints.h"
#include "../shared/nms_oks_iou.h"
#include "launch.cuh"
#include "relation.cuh"

namespace posetrack {
namespace {

struct Rule {
    double distance;
    int64_t min_keypoints;
    bool relative;
};

/* One thread per pair: whether the second has enough keypoints near those of the first. */
__global__ void relate_poses(
    uint32_t* similar, const float* keypoints, int64_t B, int64_t N, int64_t K, Rule rule) {
    const Pair pair = pair_of_thread(B, N);
    int64_t near = 0;
    if (pair.exists) {
        const float* pose = keypoints + (pair.image * N + pair.first) * K * 2;
        const float* other = keypoints + (pair.image * N + pair.second) * K * 2;
        const float limit =
            rule.relative ? relative_limit(pose, K, rule.distance) : absolute_limit(rule.distance);
        for (int64_t k = 0; k < K; ++k)
            near += is_near(pose[2 * k], pose[2 * k + 1], other[2 * k], other[2 * k + 1], limit)
                        ? 1
                        : 0;
    }
    write_relation(similar, pair, near > rule.min_keypoints);
}

/* One block per image. */
__global__ void walk_poses(
    int32_t* rows, int32_t* count, int32_t* best, uint8_t* grouped, const uint32_t* similar,
    const float* scores, const int32_t* counts, int64_t N) {
    const int64_t b = blockIdx.x, valid = valid_rows(counts ? counts[b] : N, N);
    const int64_t words = words_of(N);
    rows += b * N;
    best += b * N;
    grouped += b * N;
    scores += b * N;
    similar += b * N * words;
    for (int64_t n = threadIdx.x; n < valid; n += blockDim.x) {
        int64_t highest = -1;
        for (int64_t m = 0; m < valid; ++m)
            if (has_bit(similar + n * words, m) &&
                beats(scores[m], highest < 0 ? nullptr : scores + highest))
                highest = m;
        best[n] = (int32_t)highest;
        grouped[n] = 0;
    }
    int32_t kept = 0;
    for (int64_t n = 0; n < valid; ++n) {
        __syncthreads();
        if (grouped[n] || best[n] < 0) continue;
        const bool stays = !grouped[best[n]];
        if (stays && threadIdx.x == 0) rows[kept] = best[n];
        kept += stays ? 1 : 0;
        __syncthreads(); /* all have read the flags */
        for (int64_t m = threadIdx.x; m < valid; m += blockDim.x)
            if (has_bit(similar + n * words, m)) grouped[m] = 1;
    }
    for (int64_t n = kept + threadIdx.x; n < N; n += blockDim.x) rows[n] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_nms_near_keypoints_cuda(
    int32_t* rows, int32_t* count, void* scratch, const float* keypoints, const float* scores,
    const int32_t* counts, int64_t B, int64_t N, int64_t K, double distance, int64_t min_keypoints,
    int64_t relative, void* stream) {
    if (B < 0 || N < 0 || K < 0 || N > INT32_MAX) return PT_INVALID_ARGUMENT;
    if (!(distance >= 0) || min_keypoints < 0) return PT_INVALID_ARGUMENT;
    if (B == 0) return PT_OK;
    if (!count || (N > 0 && (!rows || !scratch || !scores))) return PT_INVALID_ARGUMENT;
    if (N > 0 && K > 0 && !keypoints) return PT_INVALID_ARGUMENT;
    auto* best = static_cast<int32_t*>(scratch); /* (B, N) best of each pose's group */
    auto* similar = reinterpret_cast<uint32_t*>(best + B * N);                 /* (B, N, words) */
    auto* grouped = reinterpret_cast<uint8_t*>(similar + B * N * words_of(N)); /* (B, N) */
    const Rule rule = {distance, min_keypoints, relative != 0};
    const pt_status status =
        launch<relate_poses>(relation_grid(B, N, stream), similar, keypoints, B, N, K, rule);
    if (status != PT_OK) return status;
    return launch<walk_poses>(
        {B, kThreads, 0, stream}, rows, count, best, grouped, similar, scores, counts, N);
}
#endif
