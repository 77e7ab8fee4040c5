#include "../shared/generate_boxes.h"

#include <algorithm>
#include <limits>

#include "../include/posetrack_kernels.h"
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

struct Scratch {
    double *x1, *y1, *x2, *y2; /* (N) each: boxes by rank */
    double* overlap;           /* (N) overlap of one box with others */
    int32_t* order;            /* (N) rows by rank */
    int32_t* group;            /* (N) groups by rank */
    int32_t* members;          /* (N) how many boxes a group has */
    int32_t* rejected;         /* (N) the last rank that did not fit into a group */
};

void overlaps(
    double* __restrict overlap, const double* __restrict x1, const double* __restrict y1,
    const double* __restrict x2, const double* __restrict y2, Box box, int64_t size) {
    for (int64_t i = 0; i < size; ++i) {
        const Box other = {x1[i], y1[i], x2[i], y2[i]};
        overlap[i] = box_iou(box, other, 0.0);
    }
}

void place(const Scratch& scratch, int32_t rank, Box box) {
    scratch.x1[rank] = box.x1;
    scratch.y1[rank] = box.y1;
    scratch.x2[rank] = box.x2;
    scratch.y2[rank] = box.y2;
}

Box box_of(const Scratch& scratch, int32_t rank) {
    return {scratch.x1[rank], scratch.y1[rank], scratch.x2[rank], scratch.y2[rank]};
}

/* Orders the large boxes that are reliable or overlap a reliable one, best first; returns how many.
 */
int32_t choose(
    const Scratch& scratch, const float* boxes, const float* scores, int32_t valid,
    const Limits& limits) {
    int32_t large = 0;
    for (int64_t row = 0; row < valid; ++row)
        if (is_large(box_at(boxes + 4 * row), limits.min_area))
            scratch.order[large++] = (int32_t)row;
    std::sort(scratch.order, scratch.order + large, [&](int32_t a, int32_t b) {
        return ranks_before(scores[a], a, scores[b], b);
    });
    /* the reliable boxes come first, because their scores are the highest */
    int32_t reliable = 0;
    while (reliable < large && is_reliable(scores[scratch.order[reliable]], limits.reliable_score))
        ++reliable;
    for (int32_t i = 0; i < reliable; ++i)
        place(scratch, i, box_at(boxes + (int64_t)4 * scratch.order[i]));
    int32_t chosen = reliable;
    for (int32_t i = reliable; i < large; ++i) {
        const Box box = box_at(boxes + (int64_t)4 * scratch.order[i]);
        overlaps(scratch.overlap, scratch.x1, scratch.y1, scratch.x2, scratch.y2, box, reliable);
        bool near = false;
        for (int32_t j = 0; j < reliable && !near; ++j)
            near = reaches(scratch.overlap[j], limits.min_reliable_iou);
        if (!near) continue;
        place(scratch, chosen, box);
        scratch.order[chosen++] = scratch.order[i];
    }
    return chosen;
}

/* Each box joins the first group whose members it all overlaps; the best of each group stay.
 * Returns how many stay.
 */
int32_t group(int32_t* rows, const Scratch& scratch, int32_t chosen, const Limits& limits) {
    int32_t groups = 0, count = 0;
    for (int32_t i = 0; i < chosen; ++i) {
        overlaps(
            scratch.overlap, scratch.x1, scratch.y1, scratch.x2, scratch.y2, box_of(scratch, i), i);
        for (int32_t j = 0; j < i; ++j)
            if (!reaches(scratch.overlap[j], limits.group_iou))
                scratch.rejected[scratch.group[j]] = i;
        int32_t joined = 0;
        while (joined < groups && scratch.rejected[joined] == i) ++joined;
        if (joined == groups) {
            scratch.members[groups] = 0;
            scratch.rejected[groups++] = -1;
        }
        scratch.group[i] = joined;
        if (scratch.members[joined]++ < limits.per_group) rows[count++] = scratch.order[i];
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

/* CPU: for one image the nine arrays of Scratch. CUDA: for all images the five of its `Working`,
 * two of which have a bit for every pair of rows.
 */
size_t pt_generate_boxes_scratch_bytes(int64_t B, int64_t N, int64_t cuda) {
    if (B < 0 || N < 0) return 0;
    const auto images = (size_t)B, rows = (size_t)N, words = (rows + 31) / 32;
    if (cuda == 0) return rows * (5 * sizeof(double) + 4 * sizeof(int32_t));
    return images * rows * (2 * sizeof(int32_t) + 2 * words * sizeof(uint32_t) + 1);
}

pt_status pt_generate_boxes_cpu(
    float* generated, int32_t* rows, int32_t* count, void* scratch, const float* boxes,
    const float* scores, const int32_t* counts, int64_t B, int64_t N, double min_area,
    float reliable_score, double min_reliable_iou, double group_iou, int64_t per_group,
    double aspect) {
    if (B < 0 || N < 0 || N > std::numeric_limits<int32_t>::max()) return PT_INVALID_ARGUMENT;
    if (!(aspect > 0) || per_group < 0) return PT_INVALID_ARGUMENT;
    if (B == 0) return PT_OK;
    if (!count) return PT_INVALID_ARGUMENT;
    if (N > 0 && (!generated || !rows || !scratch || !boxes || !scores)) return PT_INVALID_ARGUMENT;
    auto* x1 = static_cast<double*>(scratch);
    auto* order = reinterpret_cast<int32_t*>(x1 + 5 * N);
    const Scratch working = {x1,    x1 + N,    x1 + 2 * N,    x1 + 3 * N,   x1 + 4 * N,
                             order, order + N, order + 2 * N, order + 3 * N};
    const Limits limits = {min_area, reliable_score, min_reliable_iou, group_iou, per_group};
    for (int64_t b = 0; b < B; ++b) {
        const float* image_boxes = boxes + b * N * 4;
        int32_t* image_rows = rows + b * N;
        float* image_generated = generated + b * N * 4;
        const auto valid = (int32_t)valid_rows(counts ? counts[b] : N, N);
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
