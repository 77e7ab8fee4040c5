/* A row is compared only with the rows kept so far: with all their boxes at once, then with pose
 * after pose until one drops it.
 */
#include "../shared/nms_oks_iou.h"

#include <algorithm>
#include <limits>

#include "../include/posetrack_kernels.h"
#include "../shared/box_overlap.h"
#include "../shared/oks_between.h"
#include "oks_terms.h"

namespace posetrack {
namespace {

/* The corners of the boxes kept so far, an array for each coordinate. */
struct Columns {
    double *x1, *y1, *x2, *y2; /* (N) each */
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

/* Whether a row is too similar to one of the `kept` rows, whose boxes are also in `columns`. */
bool is_dropped(
    const Image& image, int64_t row, const int32_t* kept, int32_t count, const Columns& columns,
    const Limits& limits) {
    const bool by_both = limits.both && image.boxes && image.keypoints;
    if (image.boxes) {
        const bool overlaps = any_overlaps(
            columns.x1, columns.y1, columns.x2, columns.y2, count, box_at(image.boxes + 4 * row),
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
    int32_t* rows, int32_t* order, Columns columns, const Image& image, int32_t valid,
    const Limits& limits) {
    for (int32_t i = 0; i < valid; ++i) order[i] = i;
    std::sort(order, order + valid, [&](int32_t a, int32_t b) {
        return ranks_before(image.scores[a], a, image.scores[b], b);
    });
    int32_t count = 0;
    for (int32_t i = 0; i < valid; ++i) {
        if (is_dropped(image, order[i], rows, count, columns, limits)) continue;
        if (image.boxes) {
            const Box box = box_at(image.boxes + (int64_t)4 * order[i]);
            columns.x1[count] = box.x1;
            columns.y1[count] = box.y1;
            columns.x2[count] = box.x2;
            columns.y2[count] = box.y2;
        }
        rows[count++] = order[i];
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

/* CPU: for one image the Columns and the order of rows. CUDA: for all images the order, a bit for
 * every pair of rows, and flags.
 */
size_t pt_nms_oks_iou_scratch_bytes(int64_t B, int64_t N, int64_t cuda) {
    if (B < 0 || N < 0) return 0;
    const auto images = (size_t)B, people = (size_t)N, words = (people + 31) / 32;
    if (cuda == 0) return people * (4 * sizeof(double) + sizeof(int32_t));
    return images * people * (sizeof(int32_t) + words * sizeof(uint32_t) + 1);
}

pt_status pt_nms_oks_iou_cpu(
    int32_t* rows, int32_t* count, void* scratch, const float* keypoints, const float* areas,
    const float* sigmas, const float* boxes, const float* scores, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, double oks_threshold, double iou_threshold, double edge, int64_t both) {
    if (B < 0 || N < 0 || K < 0 || N > std::numeric_limits<int32_t>::max())
        return PT_INVALID_ARGUMENT;
    if (oks_threshold != oks_threshold || iou_threshold != iou_threshold || edge != edge)
        return PT_INVALID_ARGUMENT;
    if (B == 0) return PT_OK;
    if (!count || (N > 0 && (!rows || !scratch || !scores))) return PT_INVALID_ARGUMENT;
    if (N > 0 && keypoints && (!areas || !sigmas)) return PT_INVALID_ARGUMENT;
    auto* x1 = static_cast<double*>(scratch);
    const Columns columns = {x1, x1 + N, x1 + 2 * N, x1 + 3 * N};
    auto* order = reinterpret_cast<int32_t*>(x1 + 4 * N); /* (N) */
    const Limits limits = {oks_threshold, iou_threshold, edge, both != 0};
    for (int64_t b = 0; b < B; ++b) {
        const Image image = {
            keypoints ? keypoints + b * N * K * 2 : nullptr,
            areas ? areas + b * N : nullptr,
            sigmas,
            boxes ? boxes + b * N * 4 : nullptr,
            scores + b * N,
            K};
        const auto valid = (int32_t)valid_rows(counts ? counts[b] : N, N);
        count[b] = suppress(rows + b * N, order, columns, image, valid, limits);
        std::fill(rows + b * N + count[b], rows + (b + 1) * N, -1);
    }
    return PT_OK;
}
