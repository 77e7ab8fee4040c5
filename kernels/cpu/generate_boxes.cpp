#include "../shared/generate_boxes.h"

#include <algorithm>

#include "../shared/box_overlap.h"
#include "../shared/nms_oks_iou.h"

namespace posetrack {
namespace {

struct Limits {
    double min_area;
    float reliable_score;
    double min_reliable_iou, group_iou;
    int64_t per_group;
};

/* Working memory of one image. */
struct Working {
    double *x1, *y1, *x2, *y2; /* (N) each: boxes by rank */
    double* overlap;           /* (N) overlap of one box with others */
    int32_t* order;            /* (N) rows by rank */
    int32_t* group;            /* (N) groups by rank */
    int32_t* members;          /* (N) how many boxes a group has */
    int32_t* rejected;         /* (N) the last rank that did not fit into a group */

    Working(Scratch& scratch, int64_t N)
        : x1(scratch.take<double>({N})),
          y1(scratch.take<double>({N})),
          x2(scratch.take<double>({N})),
          y2(scratch.take<double>({N})),
          overlap(scratch.take<double>({N})),
          order(scratch.take<int32_t>({N})),
          group(scratch.take<int32_t>({N})),
          members(scratch.take<int32_t>({N})),
          rejected(scratch.take<int32_t>({N})) {}
};

void overlaps(
    double* __restrict overlap, const double* __restrict x1, const double* __restrict y1,
    const double* __restrict x2, const double* __restrict y2, Box box, int64_t size) {
    for (int64_t i = 0; i < size; ++i) {
        const Box other = {x1[i], y1[i], x2[i], y2[i]};
        overlap[i] = box_iou(box, other, 0.0);
    }
}

void place(const Working& working, int32_t rank, Box box) {
    working.x1[rank] = box.x1;
    working.y1[rank] = box.y1;
    working.x2[rank] = box.x2;
    working.y2[rank] = box.y2;
}

Box box_of(const Working& working, int32_t rank) {
    return {working.x1[rank], working.y1[rank], working.x2[rank], working.y2[rank]};
}

/* Orders the large boxes that are reliable or overlap a reliable one, best first; returns how many.
 */
int32_t choose(
    const Working& working, const float* boxes, const float* scores, int32_t valid,
    const Limits& limits) {
    int32_t large = 0;
    for (int64_t row = 0; row < valid; ++row)
        if (is_large(box_at(boxes + 4 * row), limits.min_area))
            working.order[large++] = (int32_t)row;
    std::sort(working.order, working.order + large, [&](int32_t a, int32_t b) {
        return ranks_before(scores[a], a, scores[b], b);
    });
    /* the reliable boxes come first, because their scores are the highest */
    int32_t reliable = 0;
    while (reliable < large && is_reliable(scores[working.order[reliable]], limits.reliable_score))
        ++reliable;
    for (int32_t i = 0; i < reliable; ++i)
        place(working, i, box_at(boxes + (int64_t)4 * working.order[i]));
    int32_t chosen = reliable;
    for (int32_t i = reliable; i < large; ++i) {
        const Box box = box_at(boxes + (int64_t)4 * working.order[i]);
        overlaps(working.overlap, working.x1, working.y1, working.x2, working.y2, box, reliable);
        bool near = false;
        for (int32_t j = 0; j < reliable && !near; ++j)
            near = reaches(working.overlap[j], limits.min_reliable_iou);
        if (!near) continue;
        place(working, chosen, box);
        working.order[chosen++] = working.order[i];
    }
    return chosen;
}

/* Each box joins the first group whose members it all overlaps; the best of each group stay.
 * Returns how many stay.
 */
int32_t group(int32_t* rows, const Working& working, int32_t chosen, const Limits& limits) {
    int32_t groups = 0, count = 0;
    for (int32_t i = 0; i < chosen; ++i) {
        overlaps(
            working.overlap, working.x1, working.y1, working.x2, working.y2, box_of(working, i), i);
        for (int32_t j = 0; j < i; ++j)
            if (!reaches(working.overlap[j], limits.group_iou))
                working.rejected[working.group[j]] = i;
        int32_t joined = 0;
        while (joined < groups && working.rejected[joined] == i) ++joined;
        if (joined == groups) {
            working.members[groups] = 0;
            working.rejected[groups++] = -1;
        }
        working.group[i] = joined;
        if (working.members[joined]++ < limits.per_group) rows[count++] = working.order[i];
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_generate_boxes_scratch_bytes_cpu(int64_t B, int64_t N) {
    if (Check().sizes({{"B", B}, {"N", N}}).status()) return -1;
    return scratch_bytes<Working>(N); /* one image after the other */
}

pt_status pt_generate_boxes_cpu(
    float* generated, int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes,
    const float* boxes, const float* scores, const int32_t* counts, int64_t B, int64_t N,
    double min_area, float reliable_score, double min_reliable_iou, double group_iou,
    int64_t per_group, double aspect) {
    const int64_t needed = pt_generate_boxes_scratch_bytes_cpu(B, N);
    if (auto status = check_generate_boxes(
            generated, rows, count, scratch, scratch_bytes, needed, boxes, scores, counts, B, N,
            per_group, aspect))
        return status;
    const auto working = lay_out<Working>(scratch, N);
    const Limits limits = {min_area, reliable_score, min_reliable_iou, group_iou, per_group};
    for (int64_t b = 0; b < B; ++b) {
        const float* image_boxes = boxes + b * N * 4;
        int32_t* image_rows = rows + b * N;
        float* image_generated = generated + b * N * 4;
        const auto valid = (int32_t)valid_rows(counts, b, N);
        const int32_t chosen = choose(working, image_boxes, scores + b * N, valid, limits);
        count[b] = group(image_rows, working, chosen, limits);
        for (int64_t i = 0; i < count[b]; ++i)
            extend_box(
                image_generated + 4 * i, box_at(image_boxes + (int64_t)4 * image_rows[i]), aspect);
        std::fill(image_rows + count[b], image_rows + N, -1);
        std::fill(image_generated + 4 * count[b], image_generated + 4 * N, 0.0f);
    }
    return PT_OK;
}
