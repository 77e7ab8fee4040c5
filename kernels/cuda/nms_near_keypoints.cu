/* The whole grid computes the relation of every pair of poses; then a block per image finds the
 * best pose similar to each, and its first warp visits row after row and only looks relations up.
 */
#include "../shared/nms_near_keypoints.h"
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
    uint32_t* similar, const float* keypoints, const int32_t* counts, int64_t B, int64_t N,
    int64_t K, Rule rule) {
    const Pair pair = pair_of_thread(B, N);
    const int64_t valid = pair.exists ? valid_rows(counts, pair.image, N) : 0;
    int64_t near = 0;
    if (pair.first < valid && pair.second < valid) {
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
    int32_t* rows, int32_t* count, int32_t* best, const uint32_t* similar, const float* scores,
    const int32_t* counts, int64_t N) {
    PT_DYNAMIC_SHARED(uint32_t, grouped); /* (words) a bit for every pose */
    const int64_t b = blockIdx.x, valid = valid_rows(counts, b, N);
    const int64_t words = words_of(N);
    rows += b * N;
    best += b * N;
    scores += b * N;
    similar += b * N * words;
    for (int64_t n = threadIdx.x; n < valid; n += blockDim.x) {
        int64_t highest = -1;
        for (int64_t word = 0; word < words; ++word)
            for (uint32_t bits = similar[n * words + word]; bits != 0; bits &= bits - 1) {
                const int64_t m = word * kWordBits + __ffs(bits) - 1;
                if (beats(scores[m], highest < 0 ? nullptr : scores + highest)) highest = m;
            }
        best[n] = (int32_t)highest;
    }
    clear_words(grouped, words);
    if (threadIdx.x >= kWarp) return;
    int32_t kept = 0;
    for (int64_t n = 0; n < valid; ++n) {
        const int32_t of_group = best[n];
        if (has_bit(grouped, n) || of_group < 0) continue;
        const bool stays = !has_bit(grouped, of_group);
        if (stays && threadIdx.x == 0) rows[kept] = of_group;
        kept += stays ? 1 : 0;
        __syncwarp(); /* all have read the bits */
        add_words(grouped, similar + n * words, words);
    }
    for (int64_t n = kept + threadIdx.x; n < N; n += kWarp) rows[n] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
/* Working memory of all images. */
struct Working {
    int32_t* best;     /* (B, N) best of each pose's group */
    uint32_t* similar; /* (B, N, words) */

    Working(Scratch& scratch, int64_t B, int64_t N)
        : best(scratch.take<int32_t>({B, N})),
          similar(scratch.take<uint32_t>({B, N, words_of(N)})) {}
};
#endif

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_nms_near_keypoints_scratch_bytes_cuda(int64_t B, int64_t N, int64_t K) {
    if (Check().sizes({{"B", B}, {"N", N}, {"K", K}}).status()) return -1;
    return scratch_bytes<Working>(B, N);
}

pt_status pt_nms_near_keypoints_cuda(
    int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* scores, const int32_t* counts, int64_t B, int64_t N, int64_t K, double distance,
    int64_t min_keypoints, int64_t relative, void* stream) {
    const int64_t needed = pt_nms_near_keypoints_scratch_bytes_cuda(B, N, K);
    if (auto status = check_nms_near_keypoints(
            rows, count, scratch, scratch_bytes, needed, keypoints, scores, counts, B, N, K,
            distance, min_keypoints))
        return status;
    const auto [best, similar] = lay_out<Working>(scratch, B, N);
    const Rule rule = {distance, min_keypoints, relative != 0};
    const pt_status status = launch<relate_poses>(
        relation_grid(B, N, stream), similar, keypoints, counts, B, N, K, rule);
    if (status != PT_OK) return status;
    const int64_t shared_bytes = words_of(N) * (int64_t)sizeof(uint32_t);
    return launch<walk_poses>(
        {B, kThreads, shared_bytes, stream}, rows, count, best, similar, scores, counts, N);
}
#endif
