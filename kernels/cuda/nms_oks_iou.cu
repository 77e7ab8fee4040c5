/* The whole grid computes the relation of every pair of people; then one warp per image visits row
 * after row and only looks relations up.
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
    int64_t N, K;
};

struct Limits {
    double oks, iou, edge;
    bool both;
};

/* One thread per row: its rank is how many come before it. */
__global__ void rank_rows(
    int32_t* order, const float* scores, const int32_t* counts, int64_t total, int64_t N) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t b = i / N, row = i % N;
    const int64_t valid = valid_rows(counts, b, N);
    if (row >= valid) return;
    const float* image = scores + b * N;
    int32_t rank = 0;
    for (int64_t other = 0; other < valid; ++other)
        rank += ranks_before(image[other], (int32_t)other, image[row], (int32_t)row) ? 1 : 0;
    order[b * N + rank] = (int32_t)row;
}

__device__ bool alike(const People& people, const Limits& limits, int64_t a, int64_t b) {
    const bool by_both = limits.both && people.boxes && people.keypoints;
    if (people.boxes) {
        const double iou =
            box_iou(box_at(people.boxes + 4 * a), box_at(people.boxes + 4 * b), limits.edge);
        if (exceeds(iou, limits.iou) != by_both) return !by_both;
    }
    if (!people.keypoints) return false;
    const int64_t step = people.K * 2;
    const double area = common_area(people.areas[a], people.areas[b]);
    return exceeds(
        oks_between(
            people.keypoints + a * step, people.keypoints + b * step, people.sigmas, area,
            people.K),
        limits.oks);
}

/* One thread per pair of ranks, the better one first. */
__global__ void relate_people(
    uint32_t* similar, const int32_t* order, People people, Limits limits, int64_t B) {
    const int64_t N = people.N;
    const Pair pair = pair_of_thread(B, N);
    const bool counts = pair.exists && pair.first < pair.second &&
                        pair.second < valid_rows(people.counts, pair.image, N);
    bool related = false;
    if (counts) {
        const int64_t image = pair.image * N;
        related = alike(
            people, limits, image + order[image + pair.first], image + order[image + pair.second]);
    }
    write_relation(similar, pair, related);
}

/* One warp per image. */
__global__ void walk_people(
    int32_t* rows, int32_t* count, const int32_t* order, const uint32_t* similar,
    const int32_t* counts, int64_t N) {
    PT_DYNAMIC_SHARED(uint32_t, dropped); /* (words) a bit for every rank */
    const int64_t b = blockIdx.x, valid = valid_rows(counts, b, N), words = words_of(N);
    rows += b * N;
    order += b * N;
    similar += b * N * words;
    clear_words(dropped, words);
    int32_t kept = 0;
    for (int64_t i = 0; i < valid; ++i) {
        if (has_bit(dropped, i)) continue;
        if (threadIdx.x == 0) rows[kept] = order[i];
        ++kept;
        __syncwarp(); /* all have read the bits */
        add_words(dropped, similar + i * words, words);
    }
    for (int64_t i = kept + threadIdx.x; i < N; i += kWarp) rows[i] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
/* Working memory of all images. */
struct Working {
    int32_t* order;    /* (B, N) rows, best first */
    uint32_t* similar; /* (B, N, words) by rank */

    Working(Scratch& scratch, int64_t B, int64_t N)
        : order(scratch.take<int32_t>({B, N})),
          similar(scratch.take<uint32_t>({B, N, words_of(N)})) {}
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
    const People people = {keypoints, areas, sigmas, boxes, counts, N, K};
    const Limits limits = {oks_threshold, iou_threshold, edge, both != 0};
    pt_status status = launch<rank_rows>(
        {blocks_for(B * N), kThreads, 0, stream}, order, scores, counts, B * N, N);
    if (status != PT_OK) return status;
    status = launch<relate_people>(relation_grid(B, N, stream), similar, order, people, limits, B);
    if (status != PT_OK) return status;
    const int64_t shared_bytes = words_of(N) * (int64_t)sizeof(uint32_t);
    return launch<walk_people>(
        {B, (unsigned)kWarp, shared_bytes, stream}, rows, count, order, similar, counts, N);
}
#endif
