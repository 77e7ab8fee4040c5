/* The part of LOGO-CAP's window that a tile of the convolution reads, in a block's shared memory.
 *
 * Its rows and columns are placed on the enlarged heatmap first. Then the heatmap's rows that it
 * needs are widened to enlarged columns, once each, and its cells blended from those.
 */
#ifndef POSETRACK_CUDA_WINDOW_REGION_CUH
#define POSETRACK_CUDA_WINDOW_REGION_CUH

#include "../shared/global_adaptation.h"
#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int32_t kTile = 16;       /* cells along a tile's sides */
constexpr int32_t kSearchers = 128; /* threads of a block */
constexpr int32_t kWarps = kSearchers / kWarp;

/* A keypoint's heatmap, where its window lies, and the window's weights (side, side). */
template <typename Head>
struct WindowOn {
    const Head* heat;
    Upsampling to;
    float x, y;
    const float* weights;
    int32_t side;
};

struct CellSpan {
    int32_t first, last;
};

/* The heatmap's rows (or columns) that the window's from `span` are blended from. */
PT_HD CellSpan heat_span(
    float keypoint, CellSpan span, int32_t side, Axis axis, int64_t pixels, UpsamplingRule rule) {
    const float first = window_position(keypoint, span.first, side);
    const float last = window_position(keypoint, span.last, side);
    return {
        place_on(axis, sampled_neighbours(first, pixels).low, rule).low,
        place_on(axis, sampled_neighbours(last, pixels).high, rule).high};
}

/* The window's rows (or columns) within `reach` of a tile's. */
PT_HD CellSpan reached(int32_t tile, int32_t reach, int32_t side) {
    const int32_t first = tile * kTile - reach, last = tile * kTile + kTile - 1 + reach;
    return {first < 0 ? 0 : first, last < side ? last : side - 1};
}

/* A column of the region: the two widened columns that it is blended from; -1: beyond the window.
 */
struct RegionColumn {
    int32_t low, high;
    float low_weight, high_weight;
};

/* A row of the region: the same of enlarged rows, each of which lies between two widened rows. */
struct RegionRow {
    RegionColumn on; /* `low` and `high` are enlarged rows */
    Place upper, lower;
};

/* The parts of shared memory that hold a region; all sides count cells. */
struct Region {
    int32_t side, stride;
    float* cells;          /* (side, stride), 0 beyond the window */
    float* wide;           /* (side + 3, side + 2) widened rows of the heatmap */
    RegionColumn* columns; /* (side) */
    RegionRow* rows;       /* (side) */

    PT_HD int32_t pixels() const { return side + 2; }
    PT_HD float* end() const { return reinterpret_cast<float*>(rows + side); }
};

/* In floats. */
PT_HD constexpr int64_t region_size(int64_t s) {
    const int64_t side = kTile + s - 1, words = (sizeof(RegionColumn) + sizeof(RegionRow)) / 4;
    return side * (side | 1) + (side + 3) * (side + 2) + side * words;
}

PT_HD Region region_in(float* memory, int32_t s) {
    Region to;
    to.side = kTile + s - 1;
    to.stride = to.side | 1;
    to.cells = memory;
    to.wide = to.cells + to.side * to.stride;
    to.columns = reinterpret_cast<RegionColumn*>(to.wide + (to.side + 3) * to.pixels());
    to.rows = reinterpret_cast<RegionRow*>(to.columns + to.side);
    return to;
}

/* Places row (or column) number `cell` of the window. */
PT_HD RegionColumn placed(float keypoint, int32_t cell, int32_t side, int64_t pixels) {
    if (cell < 0 || cell >= side) return {-1, -1, 0, 0};
    const Neighbours at = sampled_neighbours(window_position(keypoint, cell, side), pixels);
    return {at.low, at.high, at.low_weight, at.high_weight};
}

/* Where the region's first columns and rows lie: on the enlarged heatmap, and on the heatmap. */
struct Corner {
    int32_t pixel_x, heat_y;
};

template <typename Head>
PT_HD Corner corner_of(const WindowOn<Head>& window, CellSpan rows, CellSpan columns) {
    const float x = window_position(window.x, columns.first, window.side);
    return {
        sampled_neighbours(x, window.to.W).low,
        heat_span(window.y, rows, window.side, window.to.rows, window.to.H, window.to.rule).first};
}

template <typename Head>
__device__ void place_region(
    const Region& to, const WindowOn<Head>& window, Corner corner, int32_t top, int32_t left) {
    for (int32_t i = threadIdx.x; i < 2 * to.side; i += kSearchers) {
        if (i < to.side) {
            RegionColumn column = placed(window.x, left + i, window.side, window.to.W);
            column.low -= column.low < 0 ? 0 : corner.pixel_x;
            column.high -= column.high < 0 ? 0 : corner.pixel_x;
            to.columns[i] = column;
            continue;
        }
        RegionRow row;
        row.on = placed(window.y, top + i - to.side, window.side, window.to.H);
        row.upper = place_on(window.to.rows, row.on.low, window.to.rule);
        row.lower = place_on(window.to.rows, row.on.high, window.to.rule);
        row.upper.low = (row.upper.low - corner.heat_y) * to.pixels();
        row.upper.high = (row.upper.high - corner.heat_y) * to.pixels();
        row.lower.low = (row.lower.low - corner.heat_y) * to.pixels();
        row.lower.high = (row.lower.high - corner.heat_y) * to.pixels();
        to.rows[i - to.side] = row;
    }
}

/* A warp takes a row of the heatmap at a time, a thread an enlarged column. */
template <typename Head>
__device__ void widen_rows(
    const Region& to, const WindowOn<Head>& window, Corner corner, int32_t heat_rows) {
    const int32_t w = window.to.columns.cells, lane = threadIdx.x % kWarp;
    const bool same = window.to.rule == kSameSize;
    for (int32_t x = lane; x < to.pixels() && corner.pixel_x + x < window.to.W; x += kWarp) {
        const Place at = place_on(window.to.columns, corner.pixel_x + x, window.to.rule);
        for (int32_t y = threadIdx.x / kWarp; y < heat_rows; y += kWarps) {
            const Head* row = window.heat + (int64_t)(corner.heat_y + y) * w;
            const float low = to_float(row[at.low]);
            to.wide[y * to.pixels() + x] =
                same ? low : blend_by_half_pixels(low, to_float(row[at.high]), at.weight);
        }
    }
}

/* One enlarged pixel. */
PT_HD float enlarged(const float* wide, Place row, bool same) {
    const float low = wide[row.low];
    return same ? low : blend_by_half_pixels(low, wide[row.high], row.weight);
}

/* A warp takes a row of the region at a time, a thread a column. */
template <typename Head>
__device__ void blend_region(
    const Region& to, const WindowOn<Head>& window, int32_t top, int32_t left) {
    const bool same = window.to.rule == kSameSize;
    for (int32_t y = threadIdx.x / kWarp; y < to.side; y += kWarps) {
        const RegionRow row = to.rows[y];
        const int64_t first = (int64_t)(top + y) * window.side + left;
        for (int32_t x = threadIdx.x % kWarp; x < to.side; x += kWarp) {
            const RegionColumn column = to.columns[x];
            float value = 0;
            if (row.on.low >= 0 && column.low >= 0) {
                const float* left_of = to.wide + column.low;
                const float* right_of = to.wide + column.high;
                value = weighed_cell(
                    sampled(
                        enlarged(left_of, row.upper, same), enlarged(left_of, row.lower, same),
                        enlarged(right_of, row.upper, same), enlarged(right_of, row.lower, same),
                        row.on.low_weight, row.on.high_weight, column.low_weight,
                        column.high_weight),
                    window.weights[first + x]);
            }
            to.cells[y * to.stride + x] = value;
        }
    }
}

/* Fills the region of a tile; all threads call it, and may read it afterwards. */
template <typename Head>
__device__ void fill_region(
    const Region& to, const WindowOn<Head>& window, int32_t tile_y, int32_t tile_x, int32_t reach) {
    const int32_t top = tile_y * kTile - reach, left = tile_x * kTile - reach;
    const CellSpan rows = reached(tile_y, reach, window.side);
    const CellSpan columns = reached(tile_x, reach, window.side);
    const Corner corner = corner_of(window, rows, columns);
    const CellSpan heat =
        heat_span(window.y, rows, window.side, window.to.rows, window.to.H, window.to.rule);
    place_region(to, window, corner, top, left);
    widen_rows(to, window, corner, heat.last - heat.first + 1);
    __syncthreads();
    blend_region(to, window, top, left);
    __syncthreads();
}

}  // namespace
}  // namespace posetrack

#endif
