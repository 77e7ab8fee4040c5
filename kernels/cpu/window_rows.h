/* Rows of a window on an enlarged heatmap: their places, the enlargement, and the samples. */
#ifndef POSETRACK_CPU_WINDOW_ROWS_H
#define POSETRACK_CPU_WINDOW_ROWS_H

#include <algorithm>

#include "../shared/global_adaptation.h"
#include "lanes.h"

namespace posetrack {
namespace {

/* The neighbours of many positions on one axis. */
struct Line {
    int32_t *low, *high;
    float *low_weight, *high_weight;

    void set(int64_t i, const Neighbours& at) const {
        low[i] = at.low;
        high[i] = at.high;
        low_weight[i] = at.low_weight;
        high_weight[i] = at.high_weight;
    }
};

/* The places of many pixels of the enlarged map on one axis. */
struct Enlarged {
    int32_t *low, *high;
    float* weight;

    void set(int64_t i, const Place& at) const {
        low[i] = at.low;
        high[i] = at.high;
        weight[i] = at.weight;
    }
};

void place_window(Line line, float keypoint, int32_t g, int64_t pixels) {
    for (int32_t i = 0; i < g; ++i)
        line.set(i, sampled_neighbours(window_position(keypoint, i, g), pixels));
}

void place_enlarged(Enlarged line, int64_t first, int64_t count, Axis axis) {
    for (int64_t i = 0; i < count; ++i)
        line.set(i, place_by_half_pixels(axis, (int32_t)(first + i)));
}

/* Enlarges a row of cells along x. The neighbours of a vector of pixels are picked from as many
 * cells, so `row` must have kLanes spare cells at its end.
 */
void widen_row(float* __restrict out, const float* row, Enlarged at, int64_t size) {
    for (int64_t x = 0; x < size; x += kWidth) {
        alignas(64) float low[kWidth], high[kWidth];
        pick(low, row + at.low[x], at.low + x, at.low[x]);
        pick(high, row + at.high[x], at.high + x, at.high[x]);
        for (int i = 0; i < kWidth; ++i)
            out[x + i] = blend_by_half_pixels(low[i], high[i], at.weight[x + i]);
    }
}

void blend_rows(
    float* __restrict out, const float* __restrict low, const float* __restrict high, float weight,
    int64_t size) {
    for (int64_t x = 0; x < size; ++x) out[x] = blend_by_half_pixels(low[x], high[x], weight);
}

/* One row of a window, and the two rows of the enlarged map that it reads, which begin where the
 * window's first column has its low neighbour.
 */
struct SampledRow {
    float* out;
    const float *upper, *lower;
    const float* weights; /* that cells are multiplied by */
    float upper_weight, lower_weight;
};

PT_HD float sampled_cell(
    const SampledRow& row, float upper_left, float lower_left, float upper_right, float lower_right,
    Line columns, int64_t x) {
    const float value = sampled(
        upper_left, lower_left, upper_right, lower_right, row.upper_weight, row.lower_weight,
        columns.low_weight[x], columns.high_weight[x]);
    return weighed_cell(value, row.weights[x]);
}

/* Samples `count` cells whose columns are neighbours on the enlarged map. */
void sample_row(const SampledRow& row, Line columns, int64_t count) {
    float* __restrict out = row.out;
    const float* __restrict upper = row.upper;
    const float* __restrict lower = row.lower;
    for (int64_t x = 0; x < count; ++x)
        out[x] = sampled_cell(row, upper[x], lower[x], upper[x + 1], lower[x + 1], columns, x);
}

/* Samples `count` cells whose columns the map's border limits. Up to kLanes floats behind the parts
 * of the enlarged map are read.
 */
void sample_row_at(const SampledRow& row, Line columns, int64_t count) {
    const int32_t base = columns.low[0];
    for (int64_t x = 0; x < count; x += kWidth) {
        const int64_t end = std::min<int64_t>(kWidth, count - x);
        const int32_t low = columns.low[x], high = columns.high[x];
        alignas(64) float picked[4][kWidth];
        if (end == kWidth && columns.low[x + kWidth - 1] - low < kWidth &&
            columns.high[x + kWidth - 1] - high < kWidth) {
            pick(picked[0], row.upper + (low - base), columns.low + x, low);
            pick(picked[1], row.lower + (low - base), columns.low + x, low);
            pick(picked[2], row.upper + (high - base), columns.high + x, high);
            pick(picked[3], row.lower + (high - base), columns.high + x, high);
        } else {
            for (int64_t i = 0; i < end; ++i) {
                picked[0][i] = row.upper[columns.low[x + i] - base];
                picked[1][i] = row.lower[columns.low[x + i] - base];
                picked[2][i] = row.upper[columns.high[x + i] - base];
                picked[3][i] = row.lower[columns.high[x + i] - base];
            }
        }
        for (int64_t i = 0; i < end; ++i)
            row.out[x + i] = sampled_cell(
                row, picked[0][i], picked[1][i], picked[2][i], picked[3][i], columns, x + i);
    }
}

bool in_line(const Line& columns, int64_t g) {
    int32_t apart = 0;
    for (int64_t x = 0; x < g; ++x)
        apart |=
            (columns.low[x] - columns.low[0] - (int32_t)x) | (columns.high[x] - columns.low[x] - 1);
    return apart == 0;
}

}  // namespace
}  // namespace posetrack

#endif
