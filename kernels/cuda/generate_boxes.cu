/* The whole grid computes ranks and the relation of every pair of boxes; then one warp per image
 * puts box after box into the first group whose members it all overlaps. Such a group is open to
 * it.
 */
#include "../shared/box_overlap.h"
#include "../shared/generate_boxes.h"
#include "../shared/nms_oks_iou.h"
#include "launch.cuh"
#include "relation.cuh"

namespace posetrack {
namespace {

struct Boxes {
    const float* boxes;
    const float* scores;
    const int32_t* counts;
    int64_t N;
};

struct Limits {
    double min_area;
    float reliable_score;
    double min_reliable_iou, group_iou;
    int64_t per_group;
    double aspect;
};

struct Working {
    int32_t* order;    /* (B, N) rows by rank: large boxes first, and of these the best first */
    int32_t* members;  /* (B, N) how many boxes a group has */
    uint32_t* similar; /* (B, N, words) for every pair of ranks: may both be in one group? */
    uint32_t* open;    /* (B, N, words) for every group and rank: is the group open to the rank? */
    uint8_t* near;     /* (B, N) by rank: large, and reliable or overlapping a reliable box? */
};

__device__ bool row_is_large(const Boxes& given, int64_t row, const Limits& limits) {
    return is_large(box_at(given.boxes + 4 * row), limits.min_area);
}

/* One thread per row: its rank is how many come before it. */
__global__ void rank_boxes(Working working, Boxes given, Limits limits, int64_t total) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t b = i / given.N, row = i % given.N, first = b * given.N;
    const int64_t valid = valid_rows(given.counts, b, given.N);
    if (row >= valid) return;
    const bool large = row_is_large(given, i, limits);
    int32_t rank = 0;
    for (int64_t other = 0; other < valid; ++other) {
        const bool other_large = row_is_large(given, first + other, limits);
        const bool before = ranks_before(
            given.scores[first + other], (int32_t)other, given.scores[i], (int32_t)row);
        rank += (other_large == large ? before : other_large) ? 1 : 0;
    }
    working.order[first + rank] = (int32_t)row;
    working.near[i] = 0;
}

/* Whether two ranks may be in one group. If the second is reliable and overlaps the first, the
 * first is marked as `near`.
 */
__device__ bool relate(
    uint8_t* near, const Boxes& given, const Limits& limits, const int32_t* order, Pair pair) {
    const int64_t image = pair.image * given.N;
    const int64_t row = image + order[image + pair.first];
    const int64_t other = image + order[image + pair.second];
    if (!row_is_large(given, row, limits) || !row_is_large(given, other, limits)) return false;
    const double overlap =
        box_iou(box_at(given.boxes + 4 * row), box_at(given.boxes + 4 * other), 0);
    if (is_reliable(given.scores[other], limits.reliable_score) &&
        (pair.first == pair.second || reaches(overlap, limits.min_reliable_iou)))
        near[image + pair.first] = 1; /* by several threads perhaps, all with the same value */
    return reaches(overlap, limits.group_iou);
}

/* One thread per pair of ranks. */
__global__ void relate_boxes(Working working, Boxes given, Limits limits, int64_t B) {
    const Pair pair = pair_of_thread(B, given.N);
    bool related = false;
    if (pair.exists) {
        const int64_t valid = valid_rows(given.counts, pair.image, given.N);
        if (pair.first < valid && pair.second < valid)
            related = relate(working.near, given, limits, working.order, pair);
    }
    write_relation(working.similar, pair, related);
}

/* The first group of an image that is open to a rank, or `groups`; the whole warp gets it. */
__device__ int32_t first_open(const uint32_t* open, int64_t rank, int64_t words, int32_t groups) {
    for (int32_t first = 0; first < groups; first += kWarp) {
        const int32_t group = first + (int32_t)threadIdx.x;
        const uint32_t found = ballot(group < groups && has_bit(open + group * words, rank));
        if (found != 0) return first + __ffs(found) - 1;
    }
    return groups;
}

/* One warp per image. */
__global__ void walk_boxes(
    float* generated, int32_t* rows, int32_t* count, Working working, Boxes given, Limits limits) {
    const int64_t b = blockIdx.x, N = given.N, valid = valid_rows(given.counts, b, given.N);
    const int32_t* order = working.order + b * N;
    const uint8_t* near = working.near + b * N;
    int32_t* members = working.members + b * N;
    const int64_t words = words_of(N);
    uint32_t* open = working.open + b * N * words;
    rows += b * N;
    generated += b * N * 4;
    int32_t groups = 0, kept = 0;
    for (int64_t i = 0; i < valid; ++i) {
        if (!near[i]) continue;
        const int32_t joined = first_open(open, i, words, groups);
        const bool opens = joined == groups;
        const int32_t earlier = opens ? 0 : members[joined];
        const bool stays = earlier < limits.per_group;
        if (stays && threadIdx.x == 0) rows[kept] = order[i];
        kept += stays ? 1 : 0;
        groups += opens ? 1 : 0;
        const uint32_t* similar = working.similar + (b * N + i) * words;
        uint32_t* group = open + joined * words;
        for (int64_t word = threadIdx.x; word < words; word += kWarp)
            group[word] = opens ? similar[word] : group[word] & similar[word];
        __syncwarp(); /* all have read the number of members */
        if (threadIdx.x == 0) members[joined] = earlier + 1;
        __syncwarp();
    }
    __syncwarp();
    for (int64_t i = threadIdx.x; i < N; i += kWarp) {
        if (i < kept) {
            const float* box = given.boxes + 4 * (b * N + rows[i]);
            extend_box(generated + 4 * i, box_at(box), limits.aspect);
        } else {
            rows[i] = -1;
            for (int64_t side = 0; side < 4; ++side) generated[4 * i + side] = 0;
        }
    }
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
struct WorkingScratch : Working {
    WorkingScratch(Scratch& scratch, int64_t B, int64_t N)
        : Working{
              scratch.take<int32_t>({B, N}), scratch.take<int32_t>({B, N}),
              scratch.take<uint32_t>({B, N, words_of(N)}),
              scratch.take<uint32_t>({B, N, words_of(N)}), scratch.take<uint8_t>({B, N})} {}
};
#endif

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_generate_boxes_scratch_bytes_cuda(int64_t B, int64_t N) {
    if (Check().sizes({{"B", B}, {"N", N}}).status()) return -1;
    return scratch_bytes<WorkingScratch>(B, N);
}

pt_status pt_generate_boxes_cuda(
    float* generated, int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes,
    const float* boxes, const float* scores, const int32_t* counts, int64_t B, int64_t N,
    double min_area, float reliable_score, double min_reliable_iou, double group_iou,
    int64_t per_group, double aspect, void* stream) {
    const int64_t needed = pt_generate_boxes_scratch_bytes_cuda(B, N);
    if (auto status = check_generate_boxes(
            generated, rows, count, scratch, scratch_bytes, needed, boxes, scores, counts, B, N,
            per_group, aspect))
        return status;
    const Working working = lay_out<WorkingScratch>(scratch, B, N);
    const Boxes given = {boxes, scores, counts, N};
    const Limits limits = {min_area,  reliable_score, min_reliable_iou,
                           group_iou, per_group,      aspect};
    pt_status status =
        launch<rank_boxes>({blocks_for(B * N), kThreads, 0, stream}, working, given, limits, B * N);
    if (status != PT_OK) return status;
    status = launch<relate_boxes>(relation_grid(B, N, stream), working, given, limits, B);
    if (status != PT_OK) return status;
    return launch<walk_boxes>(
        {B, (unsigned)kWarp, 0, stream}, generated, rows, count, working, given, limits);
}
#endif
