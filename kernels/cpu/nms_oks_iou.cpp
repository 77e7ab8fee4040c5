/* A row is compared only with the rows kept so far: with all their boxes at once, then with pose
 * after pose until one drops it.
 */
#include "../shared/nms_oks_iou.h"

#include <algorithm>

#include "../shared/box_overlap.h"
#include "../shared/oks_between.h"
#include "oks_terms.h"

namespace posetrack {
namespace {

/* Working memory of one image. */
struct Working {
    double *x1, *y1, *x2, *y2; /* (N) each: corners of the boxes kept so far */
    int32_t* order;            /* (N) rows, best first */

    Working(Scratch& scratch, int64_t N)
        : x1(scratch.take<double>({N})),
          y1(scratch.take<double>({N})),
          x2(scratch.take<double>({N})),
          y2(scratch.take<double>({N})),
          order(scratch.take<int32_t>({N})) {}
};

struct Image {
    const float* keypoints; /* (N, K, 2) or NULL */
    const float* areas;     /* (N) or NULL */
    const float* sigmas;    /* (K) or NULL */
    const float* boxes;     /* (N, 4) or NULL */
    const float* scores;    /* (N) */
    int64_t K;
};

struct Limits {
    double oks, iou, edge;
    bool both;
};

bool any_overlaps(
    const double* __restrict x1, const double* __restrict y1, const double* __restrict x2,
    const double* __restrict y2, int64_t size, Box box, double edge, double limit) {
    int32_t found = 0;
#pragma omp simd reduction(| : found)
    for (int64_t i = 0; i < size; ++i) {
        const Box kept = {x1[i], y1[i], x2[i], y2[i]};
        found |= exceeds(box_iou(kept, box, edge), limit) ? 1 : 0;
    }
    return found != 0;
}

double oks_of(
    const float* __restrict a, const float* __restrict b, const float* __restrict sigmas,
    double area, int64_t K) {
    return oks_by_terms(a, b, sigmas, area, K);
}

bool alike_by_pose(const Image& image, int64_t a, int64_t b, const Limits& limits) {
    const double area = common_area(image.areas[a], image.areas[b]);
    const int64_t step = image.K * 2;
    const double oks =
        oks_of(image.keypoints + a * step, image.keypoints + b * step, image.sigmas, area, image.K);
    return exceeds(oks, limits.oks);
}

/* Whether a row is too similar to one of the `kept` rows, whose boxes are also in `working`. */
bool is_dropped(
    const Image& image, int64_t row, const int32_t* kept, int32_t count, const Working& working,
    const Limits& limits) {
    const bool by_both = limits.both && image.boxes && image.keypoints;
    if (image.boxes) {
        const bool overlaps = any_overlaps(
            working.x1, working.y1, working.x2, working.y2, count, box_at(image.boxes + 4 * row),
            limits.edge, limits.iou);
        if (overlaps != by_both) return overlaps;
    }
    if (!image.keypoints) return false;
    for (int32_t i = 0; i < count; ++i) {
        if (by_both) {
            const Box other = box_at(image.boxes + (int64_t)4 * kept[i]);
            const Box box = box_at(image.boxes + 4 * row);
            if (!exceeds(box_iou(other, box, limits.edge), limits.iou)) continue;
        }
        if (alike_by_pose(image, kept[i], row, limits)) return true;
    }
    return false;
}

/* Writes the rows that stay, best first; returns how many. */
int32_t suppress(
    int32_t* rows, const Working& working, const Image& image, int32_t valid,
    const Limits& limits) {
    int32_t* order = working.order;
    for (int32_t i = 0; i < valid; ++i) order[i] = i;
    std::sort(order, order + valid, [&](int32_t a, int32_t b) {
        return ranks_before(image.scores[a], a, image.scores[b], b);
    });
    int32_t count = 0;
    for (int32_t i = 0; i < valid; ++i) {
        if (is_dropped(image, order[i], rows, count, working, limits)) continue;
        if (image.boxes) {
            const Box box = box_at(image.boxes + (int64_t)4 * order[i]);
            working.x1[count] = box.x1;
            working.y1[count] = box.y1;
            working.x2[count] = box.x2;
            working.y2[count] = box.y2;
        }
        rows[count++] = order[i];
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_nms_oks_iou_scratch_bytes_cpu(int64_t B, int64_t N) {
    if (Check().sizes({{"B", B}, {"N", N}}).status()) return -1;
    return scratch_bytes<Working>(N); /* one image after the other */
}

pt_status pt_nms_oks_iou_cpu(
    int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* areas, const float* sigmas, const float* boxes, const float* scores,
    const int32_t* counts, int64_t B, int64_t N, int64_t K, double oks_threshold,
    double iou_threshold, double edge, int64_t both) {
    const int64_t needed = pt_nms_oks_iou_scratch_bytes_cpu(B, N);
    if (auto status = check_nms_oks_iou(
            rows, count, scratch, scratch_bytes, needed, keypoints, areas, sigmas, boxes, scores,
            counts, B, N, K, oks_threshold, iou_threshold, edge))
        return status;
    const auto working = lay_out<Working>(scratch, N);
    const Limits limits = {oks_threshold, iou_threshold, edge, both != 0};
    for (int64_t b = 0; b < B; ++b) {
        const Image image = {
            keypoints ? keypoints + b * N * K * 2 : nullptr,
            areas ? areas + b * N : nullptr,
            sigmas,
            boxes ? boxes + b * N * 4 : nullptr,
            scores + b * N,
            K};
        const auto valid = (int32_t)valid_rows(counts, b, N);
        count[b] = suppress(rows + b * N, working, image, valid, limits);
        std::fill(rows + b * N + count[b], rows + (b + 1) * N, -1);
    }
    return PT_OK;
}
