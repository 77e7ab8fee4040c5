/* Heatmap x Gaussian is not computed everywhere. Its value at the cell nearest to the centre bounds
 * the maximum from below, and the maximum of a row times the row's weight bounds that row from
 * above, so most rows and columns are skipped.
 */
#include "../shared/gaussian_argmax.h"

#include <algorithm>
#include <cmath>

#include "highest.h"
#include "widen.h"

namespace posetrack {
namespace {

/* Exponents that differ by less than this may give the same rounded weight. */
constexpr float kDecayMargin = 1e-6f;

struct Range {
    int64_t first, end;
};

struct Found {
    int32_t cell;
    float value;
};

/* The highest value, at least 0. */
float row_maximum(const float* row, int64_t size) { return higher(highest_of(row, size), 0.0f); }

float windowed_maximum(
    const float* __restrict row, const float* __restrict weights, float row_weight, int64_t size) {
    float lanes[kWidth] = {}, best = 0.0f;
    int64_t x = 0;
    for (; x + kWidth <= size; x += kWidth)
#pragma omp simd
        for (int l = 0; l < kWidth; ++l)
            lanes[l] = higher(windowed(row[x + l], row_weight, weights[x + l]), lanes[l]);
    for (int l = 0; l < kWidth; ++l) best = higher(lanes[l], best);
    for (; x < size; ++x) best = higher(windowed(row[x], row_weight, weights[x]), best);
    return best;
}

void column_weights(float* __restrict weights, Range columns, float x, float spread) {
    for (int64_t i = 0; i < columns.end - columns.first; ++i)
        weights[i] = gaussian_weight((float)(columns.first + i) - x, spread);
}

/* The integers i of [0, size) with low <= i < high. */
Range cells_between(float low, float high, int64_t size) {
    if (!(low < high)) return {0, 0};
    return {first_cell_from(low, size), first_cell_from(high, size)};
}

/* The range without the cells further than `reach` from `center`. */
Range within(Range range, float center, float reach) {
    const float low = center - reach, high = center + reach;
    if (low > (float)range.first) range.first = std::min((int64_t)low, range.end);
    if (high < (float)(range.end - 1))
        range.end = std::min(range.end, std::max((int64_t)high + 2, range.first));
    return range;
}

int64_t nearest(Range range, float position) {
    if (!(position > (float)range.first)) return range.first;
    if (position >= (float)(range.end - 1)) return range.end - 1;
    return (int64_t)(position + 0.5f);
}

struct Window {
    const float* heat;    /* (h, w) of one keypoint */
    const float* row_max; /* (h) */
    float heat_max;
    float* weights; /* (w) buffer */
    int64_t w;
    Range rows, columns;
    float x, y, spread;
};

Found search(Window window) {
    Found found{-1, 0.0f};
    const int64_t middle = nearest(window.rows, window.y);
    const int64_t column = nearest(window.columns, window.x);
    const float start = windowed(
        window.heat[middle * window.w + column],
        gaussian_weight((float)middle - window.y, window.spread),
        gaussian_weight((float)column - window.x, window.spread));
    const float bound = start > 0.0f ? start : 0.0f;
    if (bound > 0.0f && std::isfinite(window.heat_max)) {
        /* beyond `reach`, weight x heat_max < start; the margins cover rounding on both sides */
        const float decay = std::max(0.0f, std::log(window.heat_max / bound)) + kDecayMargin;
        const float reach = std::sqrt(window.spread * decay) * (1.0f + 1e-5f) + 1.0f;
        window.rows = within(window.rows, window.y, reach);
        window.columns = within(window.columns, window.x, reach);
    }
    column_weights(window.weights, window.columns, window.x, window.spread);
    const int64_t size = window.columns.end - window.columns.first;
    auto visit = [&](int64_t row) {
        if (row < window.rows.first || row >= window.rows.end) return;
        const float weight = gaussian_weight((float)row - window.y, window.spread);
        const float limit = window.row_max[row] * weight;
        if (limit < bound || limit < found.value || !(limit > 0.0f)) return;
        const float* heat = window.heat + row * window.w + window.columns.first;
        const float best = windowed_maximum(heat, window.weights, weight, size);
        const bool wins = best > found.value ||
                          (best == found.value && best > 0.0f && row * window.w < found.cell);
        if (!wins) return;
        int64_t at = 0;
        while (windowed(heat[at], weight, window.weights[at]) != best) ++at;
        found = {(int32_t)(row * window.w + window.columns.first + at), best};
    };
    visit(middle);
    for (int64_t d = 1; d < window.rows.end - window.rows.first + 1; ++d) {
        visit(middle - d);
        visit(middle + d);
    }
    return found;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_gaussian_argmax_scratch_bytes_cpu(
    pt_dtype heatmap_dtype, int64_t K, int64_t h, int64_t w) {
    if (check_gaussian_argmax_sizes(K, h, w)) return -1;
    return scratch_bytes<WindowedScratch>(heatmap_dtype, K, h, w);
}

pt_status pt_gaussian_argmax_cpu(
    int32_t* cells, float* values, void* scratch, int64_t scratch_bytes, const void* heatmap,
    const float* centers, const float* spread, const float* boxes, const int32_t* counts,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w) {
    const int64_t needed = pt_gaussian_argmax_scratch_bytes_cpu(heatmap_dtype, K, h, w);
    if (auto status = check_gaussian_argmax(
            cells, values, scratch, scratch_bytes, needed, heatmap, centers, spread, boxes, counts,
            heatmap_dtype, heatmap_batch_stride, B, N, K, h, w))
        return status;
    if (N == 0) return PT_OK;
    const auto working = lay_out<WindowedScratch>(scratch, heatmap_dtype, K, h, w);
    for (int64_t b = 0; b < B; ++b) {
        const float* heat =
            floats_of(heatmap, heatmap_dtype, b * heatmap_batch_stride, K * h * w, working.widened);
        for (int64_t i = 0; i < K * h; ++i) working.row_max[i] = row_maximum(heat + i * w, w);
        for (int64_t k = 0; k < K; ++k)
            working.heat_max[k] = row_maximum(working.row_max + k * h, h);
        const int64_t valid = valid_rows(counts, b, N);
        for (int64_t i = 0; i < N * K; ++i) {
            const int64_t pose = b * N + i / K, k = i % K;
            const float x = centers[2 * (pose * K + k)], y = centers[2 * (pose * K + k) + 1];
            const float* box = boxes ? boxes + 4 * pose : nullptr;
            const Range columns = box ? cells_between(box[0], box[2], w) : Range{0, w};
            const Range rows = box ? cells_between(box[1], box[3], h) : Range{0, h};
            Found found{-1, 0.0f};
            if (i / K < valid && has_window(x, y, spread[pose]) && rows.first < rows.end &&
                columns.first < columns.end)
                found = search(
                    {heat + k * h * w, working.row_max + k * h, working.heat_max[k],
                     working.weights, w, rows, columns, x, y, spread[pose]});
            cells[pose * K + k] = found.cell;
            values[pose * K + k] = found.value;
        }
    }
    return PT_OK;
}
