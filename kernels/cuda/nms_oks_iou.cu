/* Each warp finds the people who are like one; then one warp per image visits row after row, best
 * first, and only looks relations up.
 */
#include "../shared/box_overlap.h"
#include "../shared/nms_oks_iou.h"
#include "../shared/oks_between.h"
#include "launch.cuh"
#include "relation.cuh"

namespace posetrack {
namespace {

struct People {
    const float* keypoints;
    const float* areas;
    const float* sigmas;
    const float* boxes;
    const int32_t* counts;
    int32_t N, K;
};

struct Limits {
    double oks, iou, edge;
    bool both;
};

/* What the comparisons of a block need besides. */
struct Rough {
    float sigmas[kWarp]; /* scales of the keypoints */
    float limit;         /* of rough sums; NaN: nothing is sure */
};

/* All threads of the block call it, and may read `rough` once they have met. */
__device__ void look_roughly(Rough& rough, const People& people, const Limits& limits) {
    if (threadIdx.x >= kWarp || !people.keypoints) return;
    const int32_t lane = (int32_t)threadIdx.x;
    const float scale = scale_of_sigma(people.sigmas[lane < people.K ? lane : 0]);
    rough.sigmas[lane] = scale;
    const uint32_t strange = ballot(is_nan(scale));
    if (lane == 0)
        rough.limit =
            strange == 0 && people.K <= kWarp ? (float)(limits.oks * people.K) : not_a_number();
}

/* Whether two poses are more alike than the limit. */
__device__ bool poses_alike(
    const People& people, const Limits& limits, const Rough& rough, int64_t a, int64_t b) {
    const int32_t K = people.K;
    const float *pose = people.keypoints + a * K * 2, *other = people.keypoints + b * K * 2;
    const double area = common_area(people.areas[a], people.areas[b]);
    const float scale = scale_of_area((float)area);
    float sum = 0;
    for (int32_t k = 0; k < K && k < kWarp; ++k) {
        const float distance = keypoint_distance(pose + 2 * k, other + 2 * k);
        sum = rough_sum(sum, rough_term(distance, rough.sigmas[k] * scale));
    }
    const float limit = is_nan(scale) ? scale : rough.limit;
    if (is_surely_above(sum, limit)) return true;
    if (is_surely_below(sum, limit)) return false;
    return exceeds(oks_between(pose, other, people.sigmas, area, K), limits.oks);
}

__device__ bool alike(
    const People& people, const Limits& limits, const Rough& rough, int64_t a, int64_t b) {
    const bool by_both = limits.both && people.boxes && people.keypoints;
    if (people.boxes) {
        const Cover cover =
            cover_of(box_at(people.boxes + 4 * a), box_at(people.boxes + 4 * b), limits.edge);
        const bool overlap =
            is_iou_surely_above(cover, limits.iou) ||
            (!is_iou_surely_below(cover, limits.iou) && exceeds(iou_of(cover), limits.iou));
        if (overlap != by_both) return !by_both;
    }
    return people.keypoints && poses_alike(people, limits, rough, a, b);
}

/* A block relates some rows of an image, each to all others. */
__device__ void relate_rows(
    uint32_t* similar, const People& people, const Limits& limits, Rows rows) {
    __shared__ Rough rough;
    look_roughly(rough, people, limits);
    __syncthreads();
    const int64_t first = (int64_t)rows.image * people.N;
    const int32_t valid = valid_rows(people.counts, rows.image, people.N);
    const int32_t end = rows.end < valid ? rows.end : valid, words = words_of(people.N);
    PT_ROLLED
    for (int32_t n = rows.first + warp_of_thread(); n < end; n += kRelatingWarps)
        relate_row(similar + (first + n) * words, 0, valid, [&](int32_t m) {
            return alike(people, limits, rough, first + n, first + m);
        });
}

__global__ void __launch_bounds__(kRelating)
    relate_people(uint32_t* similar, People people, Limits limits) {
    relate_rows(similar, people, limits, rows_of_block(people.N));
}

/* Every row's rank is how many come before it; all threads of the block call it. */
__device__ void rank_rows(int32_t* order, const float* scores, int32_t valid) {
    for (int32_t row = (int32_t)threadIdx.x; row < valid; row += kRelating) {
        int32_t rank = 0;
        for (int32_t other = 0; other < valid; ++other)
            rank += ranks_before(scores[other], other, scores[row], row) ? 1 : 0;
        order[rank] = row;
    }
}

/* Writes the rows that stay, best first; a whole warp calls it, and each lane gets how many. */
__device__ int32_t walk(
    int32_t* rows, uint32_t* dropped, const int32_t* order, const uint32_t* similar, int32_t words,
    int32_t valid) {
    const int32_t lane = (int32_t)threadIdx.x;
    int32_t kept = 0;
    for (int32_t first = 0; first < valid; first += kWarp) {
        const int32_t own = first + lane < valid ? order[first + lane] : -1;
        for (uint32_t ahead = kWholeWarp, bits;
             (bits = ahead & ballot(own >= 0 && !has_bit(dropped, own))) != 0; ++kept) {
            const int32_t next = __ffs(bits) - 1, row = of_lane(own, next);
            ahead &= kWholeWarp << next << 1;
            if (lane == 0) rows[kept] = row;
            add_words(dropped, similar + (int64_t)row * words, 0, words_of(valid));
        }
    }
    return kept;
}

/* One block per image. */
__global__ void __launch_bounds__(kRelating) walk_people(
    int32_t* rows, int32_t* count, int32_t* order, uint32_t* similar, const float* scores,
    People people, Limits limits) {
    PT_DYNAMIC_SHARED(uint32_t, dropped); /* (words) a bit for every row */
    const int32_t b = (int32_t)blockIdx.x, N = people.N, words = words_of(N);
    const int32_t valid = valid_rows(people.counts, b, N);
    const int64_t first = (int64_t)b * N;
    if (N <= kSmall) relate_rows(similar, people, limits, {b, 0, N});
    rank_rows(order + first, scores + first, valid);
    clear_words(dropped, words); /* after which all have related and ranked */
    if (threadIdx.x >= kWarp) return;
    rows += first;
    const int32_t kept = walk(rows, dropped, order + first, similar + first * words, words, valid);
    for (int32_t i = kept + (int32_t)threadIdx.x; i < N; i += kWarp) rows[i] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
/* Working memory of all images. */
struct Working {
    int32_t* order;    /* (B, N) rows, best first */
    uint32_t* similar; /* (B, N, words) */

    Working(Scratch& scratch, int64_t B, int64_t N)
        : order(scratch.take<int32_t>({B, N})),
          similar(scratch.take<uint32_t>({B, N, words_of((int32_t)N)})) {}
};
#endif

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_nms_oks_iou_scratch_bytes_cuda(int64_t B, int64_t N) {
    if (Check().sizes({{"B", B}, {"N", N}}).status()) return -1;
    return scratch_bytes<Working>(B, N);
}

pt_status pt_nms_oks_iou_cuda(
    int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* areas, const float* sigmas, const float* boxes, const float* scores,
    const int32_t* counts, int64_t B, int64_t N, int64_t K, double oks_threshold,
    double iou_threshold, double edge, int64_t both, void* stream) {
    const int64_t needed = pt_nms_oks_iou_scratch_bytes_cuda(B, N);
    if (auto status = check_nms_oks_iou(
            rows, count, scratch, scratch_bytes, needed, keypoints, areas, sigmas, boxes, scores,
            counts, B, N, K, oks_threshold, iou_threshold, edge))
        return status;
    const auto [order, similar] = lay_out<Working>(scratch, B, N);
    const People people = {keypoints, areas, sigmas, boxes, counts, (int32_t)N, (int32_t)K};
    const Limits limits = {oks_threshold, iou_threshold, edge, both != 0};
    if (N > kSmall) {
        const pt_status status =
            launch<relate_people>(relation_grid(B, N, stream), similar, people, limits);
        if (status != PT_OK) return status;
    }
    const int64_t shared_bytes = words_of((int32_t)N) * (int64_t)sizeof(uint32_t);
    return launch<walk_people>(
        {B, (unsigned)kRelating, shared_bytes, stream}, rows, count, order, similar, scores, people,
        limits);
}
#endif
