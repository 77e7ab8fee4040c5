/* Each warp finds the boxes that one overlaps; then one warp per image puts box after box, best
 * first, into the first group whose members it all overlaps. Such a group is open to it.
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
    int32_t N;
};

struct Limits {
    double min_area;
    float reliable_score;
    double min_reliable_iou, group_iou;
    int64_t per_group;
    double aspect;
};

struct Working {
    int32_t* order;    /* (B, N) the rows that are near, best first */
    int32_t* members;  /* (B, N) how many boxes a group has */
    uint32_t* similar; /* (B, N, words) for rows that are near: may both be in one group? */
    uint32_t* open;    /* (B, N, words) for every group and row: is the group open to the row? */
    uint8_t* near;     /* (B, N) is a row large, and reliable or overlapping a reliable one? */
};

__device__ bool overlaps(Box a, Box b, double limit) {
    const Cover cover = cover_of(a, b, 0);
    return is_iou_surely_above(cover, limit) ||
           (!is_iou_surely_below(cover, limit) && reaches(iou_of(cover), limit));
}

/* The boxes of one image. */
struct Image {
    const float *boxes, *scores;
    int32_t valid;

    __device__ Box box(int32_t row) const { return box_at(boxes + 4 * (int64_t)row); }
};

/* Whether a row is large, and reliable or overlapping a reliable one. */
__device__ bool is_near(const Image& image, const Limits& limits, int32_t row) {
    const Box box = image.box(row);
    if (!is_large(box, limits.min_area)) return false;
    bool near = is_reliable(image.scores[row], limits.reliable_score);
    PT_ROLLED
    for (int32_t other = 0; other < image.valid; ++other)
        if (is_reliable(image.scores[other], limits.reliable_score) && !near)
            near = is_large(image.box(other), limits.min_area) &&
                   overlaps(box, image.box(other), limits.min_reliable_iou);
    return near;
}

/* A block finds which of some rows are near, a thread each; then a warp relates such a row to all
 * others.
 */
__device__ void relate_rows(
    const Working& working, const Image& image, const Limits& limits, int32_t words, Rows rows) {
    const int32_t end = rows.end < image.valid ? rows.end : image.valid;
    const int32_t own = rows.first + (int32_t)threadIdx.x;
    if (own < end) working.near[own] = is_near(image, limits, own);
    __syncthreads();
    PT_ROLLED
    for (int32_t n = rows.first + warp_of_thread(); n < end; n += kRelatingWarps) {
        if (!working.near[n]) continue;
        const Box box = image.box(n);
        relate_row(working.similar + (int64_t)n * words, 0, image.valid, [&](int32_t m) {
            return overlaps(box, image.box(m), limits.group_iou);
        });
    }
}

__device__ Working of_image(const Working& all, int64_t first, int32_t words) {
    return {
        all.order + first, all.members + first, all.similar + first * words,
        all.open + first * words, all.near + first};
}

__device__ Image image_of(const Boxes& given, int64_t first, int32_t b) {
    return {given.boxes + 4 * first, given.scores + first, valid_rows(given.counts, b, given.N)};
}

__global__ void __launch_bounds__(kRelating)
    relate_boxes(Working working, Boxes given, Limits limits) {
    const Rows rows = rows_of_block(given.N);
    const int64_t first = (int64_t)rows.image * given.N;
    const int32_t words = words_of(given.N);
    relate_rows(
        of_image(working, first, words), image_of(given, first, rows.image), limits, words, rows);
}

/* Orders the rows that are near; all threads of the block call it. */
__device__ void order_rows(
    int32_t* order, const uint8_t* near, const float* scores, int32_t valid) {
    for (int32_t row = (int32_t)threadIdx.x; row < valid; row += kRelating) {
        if (!near[row]) continue;
        int32_t rank = 0;
        PT_ROLLED
        for (int32_t other = 0; other < valid; ++other)
            rank += near[other] && ranks_before(scores[other], other, scores[row], row) ? 1 : 0;
        order[rank] = row;
    }
}

/* How many rows are near; a whole warp calls it. */
__device__ int32_t count_near(const uint8_t* near, int32_t valid) {
    int32_t found = 0;
    for (int32_t first = 0; first < valid; first += kWarp) {
        const int32_t row = first + (int32_t)threadIdx.x;
        found += __popc(ballot(row < valid && near[row]));
    }
    return found;
}

/* The first group of an image that is open to a row, or `groups`; the whole warp gets it. */
__device__ int32_t first_open(const uint32_t* open, int32_t row, int32_t words, int32_t groups) {
    PT_ROLLED
    for (int32_t first = 0; first < groups; first += kWarp) {
        const int32_t group = first + (int32_t)threadIdx.x;
        const uint32_t found =
            ballot(group < groups && has_bit(open + (int64_t)group * words, row));
        if (found != 0) return first + __ffs(found) - 1;
    }
    return groups;
}

/* Puts row after row into groups and writes those that stay; a whole warp calls it, and each lane
 * gets how many. The pointers of `working` are those of the image.
 */
__device__ int32_t
walk(int32_t* rows, const Working& working, int32_t found, int32_t words, int64_t per_group) {
    const int32_t lane = (int32_t)threadIdx.x;
    int32_t groups = 0, kept = 0;
    PT_ROLLED
    for (int32_t i = 0; i < found; ++i) {
        const int32_t row = working.order[i];
        const int32_t joined = first_open(working.open, row, words, groups);
        const bool opens = joined == groups;
        const int32_t earlier = opens ? 0 : working.members[joined];
        const bool stays = earlier < per_group;
        if (stays && lane == 0) rows[kept] = row;
        kept += stays ? 1 : 0;
        groups += opens ? 1 : 0;
        const uint32_t* similar = working.similar + (int64_t)row * words;
        uint32_t* group = working.open + (int64_t)joined * words;
        PT_ROLLED
        for (int32_t word = lane; word < words; word += kWarp)
            group[word] = opens ? similar[word] : group[word] & similar[word];
        __syncwarp(); /* all have read the number of members */
        if (lane == 0) working.members[joined] = earlier + 1;
        __syncwarp();
    }
    return kept;
}

/* One block per image. */
__global__ void __launch_bounds__(kRelating) walk_boxes(
    float* generated, int32_t* rows, int32_t* count, Working working, Boxes given, Limits limits) {
    const int32_t b = (int32_t)blockIdx.x, N = given.N, words = words_of(N);
    const int64_t first = (int64_t)b * N;
    const Working own = of_image(working, first, words);
    const Image image = image_of(given, first, b);
    if (N <= kSmall) relate_rows(own, image, limits, words, {b, 0, N});
    order_rows(own.order, own.near, image.scores, image.valid);
    __syncthreads();
    if (threadIdx.x >= kWarp) return;
    rows += first;
    generated += first * 4;
    const int32_t kept =
        walk(rows, own, count_near(own.near, image.valid), words, limits.per_group);
    for (int32_t i = (int32_t)threadIdx.x; i < N; i += kWarp) {
        if (i < kept) {
            extend_box(generated + 4 * i, image.box(rows[i]), limits.aspect);
        } else {
            rows[i] = -1;
            for (int32_t side = 0; side < 4; ++side) generated[4 * i + side] = 0;
        }
    }
    if (threadIdx.x == 0) count[b] = kept;
}

#if !defined(__CUDACC_RTC__)
struct WorkingScratch : Working {
    WorkingScratch(Scratch& scratch, int64_t B, int64_t N)
        : Working{
              scratch.take<int32_t>({B, N}), scratch.take<int32_t>({B, N}),
              scratch.take<uint32_t>({B, N, words_of((int32_t)N)}),
              scratch.take<uint32_t>({B, N, words_of((int32_t)N)}), scratch.take<uint8_t>({B, N})} {
    }
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
    const Boxes given = {boxes, scores, counts, (int32_t)N};
    const Limits limits = {min_area,  reliable_score, min_reliable_iou,
                           group_iou, per_group,      aspect};
    if (N > kSmall) {
        const pt_status status =
            launch<relate_boxes>(relation_grid(B, N, stream), working, given, limits);
        if (status != PT_OK) return status;
    }
    return launch<walk_boxes>(
        {B, (unsigned)kRelating, 0, stream}, generated, rows, count, working, given, limits);
}
#endif
