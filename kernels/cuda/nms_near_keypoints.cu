/* Each warp finds the poses that are near one; then a block per image finds the best of each such
 * group, and its first warp visits row after row and only looks the groups up.
 */
#include "../shared/nms_near_keypoints.h"
#include "launch.cuh"
#include "relation.cuh"

namespace posetrack {
namespace {

struct Rule {
    double distance;
    int32_t min_keypoints; /* K: no pose has enough */
    bool relative;
};

struct Given {
    const float* keypoints; /* (B, N, K, 2) */
    const float* scores;    /* (B, N) */
    const int32_t* counts;  /* (B), or null */
    int32_t N, K;
};

struct Working {
    int32_t* best;     /* (B, N) best of each pose's group */
    uint32_t* similar; /* (B, N, words) */
};

/* Whether enough keypoints of another pose are near. */
__device__ bool is_similar(
    const float* pose, const float* other, int32_t K, float squared, int32_t min_keypoints) {
    int32_t near = 0;
    for (int32_t k = 0; k < K; ++k, pose += 2, other += 2)
        near += is_near(pose[0], pose[1], other[0], other[1], squared);
    return near > min_keypoints;
}

/* One image of those given. */
struct Image {
    const float *keypoints, *scores;
    uint32_t* similar; /* (N, words) */
    int32_t valid, words;
};

__device__ Image image_of(const Working& working, const Given& given, int32_t b) {
    const int64_t first = (int64_t)b * given.N;
    const int32_t words = words_of(given.N);
    return {
        given.keypoints + first * given.K * 2, given.scores + first,
        working.similar + first * words, valid_rows(given.counts, b, given.N), words};
}

/* A block relates some rows of an image: a thread finds how near is near to one of them, then a
 * warp compares it with all others.
 */
__device__ void relate_rows(const Image& image, int32_t K, const Rule& rule, Rows rows) {
    __shared__ float squared[kSmall];
    const int32_t end = rows.end < image.valid ? rows.end : image.valid;
    const int32_t own = rows.first + (int32_t)threadIdx.x;
    const int64_t size = 2 * (int64_t)K;
    if (own < end)
        squared[threadIdx.x] = squared_limit(
            rule.relative ? relative_limit(image.keypoints + own * size, K, rule.distance)
                          : absolute_limit(rule.distance));
    __syncthreads();
    PT_ROLLED
    for (int32_t n = rows.first + warp_of_thread(); n < end; n += kRelatingWarps) {
        const float limit = squared[n - rows.first];
        const float* pose = image.keypoints + n * size;
        relate_row(image.similar + (int64_t)n * image.words, 0, image.valid, [&](int32_t m) {
            const float* other = image.keypoints + m * size;
            return is_similar(pose, other, K, limit, rule.min_keypoints);
        });
    }
}

__global__ void __launch_bounds__(kRelating) relate_poses(Working working, Given given, Rule rule) {
    const Rows rows = rows_of_block(given.N);
    relate_rows(image_of(working, given, rows.image), given.K, rule, rows);
}

/* The best of the poses whose bit is set, or -1. */
__device__ int32_t best_of(const uint32_t* similar, const float* scores, int32_t words) {
    int32_t best = -1;
    for (int32_t word = 0; word < words; ++word)
        for (uint32_t bits = similar[word]; bits != 0; bits &= bits - 1) {
            const int32_t m = word * kWarp + __ffs(bits) - 1;
            if (beats(scores[m], best < 0 ? nullptr : scores + best)) best = m;
        }
    return best;
}

/* Writes the rows that stay, in the order of their groups; a whole warp calls it, and each lane
 * gets how many.
 */
__device__ int32_t
walk(int32_t* rows, uint32_t* grouped, const int32_t* best, const Image& image, int32_t words) {
    int32_t kept = 0;
    for (int32_t word = 0; word < words; ++word) {
        const int32_t first = word * kWarp, left = image.valid - first;
        uint32_t ahead = left < kWarp ? (1u << left) - 1 : kWholeWarp; /* rows not yet visited */
        for (uint32_t bits; (bits = ahead & ~grouped[word]) != 0;) {
            const int32_t bit = __ffs(bits) - 1, of_group = best[first + bit];
            ahead &= kWholeWarp << bit << 1;
            if (of_group < 0) continue;
            const bool stays = !has_bit(grouped, of_group);
            if (stays && threadIdx.x == 0) rows[kept] = of_group;
            kept += stays ? 1 : 0;
            __syncwarp(); /* all have read the bits */
            add_words(grouped, image.similar + (int64_t)(first + bit) * image.words, 0, words);
        }
    }
    return kept;
}

/* One block per image. */
__global__ void __launch_bounds__(kRelating)
    walk_poses(int32_t* rows, int32_t* count, Working working, Given given, Rule rule) {
    PT_DYNAMIC_SHARED(uint32_t, grouped); /* (words) a bit for every pose */
    const int32_t b = (int32_t)blockIdx.x, N = given.N;
    const Image image = image_of(working, given, b);
    const int32_t words = words_of(image.valid);
    if (N <= kSmall) relate_rows(image, given.K, rule, {b, 0, N});
    clear_words(grouped, words); /* after which all have related */
    rows += (int64_t)b * N;
    int32_t* best = working.best + (int64_t)b * N;
    for (int32_t n = (int32_t)threadIdx.x; n < image.valid; n += kRelating)
        best[n] = best_of(image.similar + (int64_t)n * image.words, image.scores, words);
    __syncthreads();
    if (threadIdx.x >= kWarp) return;
    const int32_t kept = walk(rows, grouped, best, image, words);
    for (int32_t n = kept + (int32_t)threadIdx.x; n < N; n += kWarp) rows[n] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
struct WorkingScratch : Working {
    WorkingScratch(Scratch& scratch, int64_t B, int64_t N)
        : Working{
              scratch.take<int32_t>({B, N}), scratch.take<uint32_t>({B, N, words_of((int32_t)N)})} {
    }
};
#endif

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_nms_near_keypoints_scratch_bytes_cuda(int64_t B, int64_t N, int64_t K) {
    if (Check().sizes({{"B", B}, {"N", N}, {"K", K}}).status()) return -1;
    return scratch_bytes<WorkingScratch>(B, N);
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
    const Working working = lay_out<WorkingScratch>(scratch, B, N);
    const Given given = {keypoints, scores, counts, (int32_t)N, (int32_t)K};
    const auto needed_near = (int32_t)(min_keypoints < K ? min_keypoints : K);
    const Rule rule = {distance, needed_near, relative != 0};
    if (N > kSmall) {
        const pt_status status =
            launch<relate_poses>(relation_grid(B, N, stream), working, given, rule);
        if (status != PT_OK) return status;
    }
    const int64_t shared_bytes = words_of((int32_t)N) * (int64_t)sizeof(uint32_t);
    return launch<walk_poses>(
        {B, (unsigned)kRelating, shared_bytes, stream}, rows, count, working, given, rule);
}
#endif
