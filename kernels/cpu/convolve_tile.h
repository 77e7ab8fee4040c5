/* A tile of a convolution, for every width of vectors.
 *
 * A row of the window is loaded once, at every shift along x, for all rows of the tile that need
 * it. From the window's last row up, each cell still meets its products in the order of the
 * kernel's rows, so its sum has the bytes of the plain loop.
 */
#ifndef POSETRACK_CPU_CONVOLVE_TILE_H
#define POSETRACK_CPU_CONVOLVE_TILE_H

#include "lanes.h"

namespace posetrack {
namespace {

constexpr int64_t kRows = 6, kLanes = 16; /* of a tile */

/* So many sums as registers hold: `vectors` of each row of the tile. */
template <int width, int vectors>
struct Sums {
    typename Lanes<width>::Floats of[kRows][vectors];
};

/* Adds a row of the window, whose first cell in reach is `at`, to rows `first` to `last` of the
 * tile; `kernel` is the row of the kernel that the tile's row `first` meets there.
 */
template <int width, int vectors, int first, int last>
PT_HD void add_row(Sums<width, vectors>& sums, const float* at, const float* kernel, int64_t s) {
    for (int64_t column = 0; column < s; ++column) {
        typename Lanes<width>::Floats cells[vectors];
        for (int i = 0; i < vectors; ++i) load(cells[i], at + s - 1 - column + i * width);
#pragma GCC unroll 6
        for (int y = first; y <= last; ++y)
            for (int i = 0; i < vectors; ++i)
                sums.of[y][i] = sums.of[y][i] + cells[i] * kernel[(y - first) * s + column];
    }
}

/* Adds a row of the window to one row of the tile. */
template <int width, int vectors>
PT_HD void add_one_row(
    typename Lanes<width>::Floats (&sums)[vectors], const float* at, const float* kernel,
    int64_t s) {
    for (int64_t column = 0; column < s; ++column)
        for (int i = 0; i < vectors; ++i) {
            typename Lanes<width>::Floats cells;
            load(cells, at + s - 1 - column + i * width);
            sums[i] = sums[i] + cells * kernel[column];
        }
}

/* The rows of the window below the last one that all rows of the tile need. */
template <int width, int vectors, int first>
PT_HD void add_rows_below(
    Sums<width, vectors>& sums, const float* window, const float* kernel, int64_t s,
    int64_t stride) {
    if constexpr (first > 0) {
        add_row<width, vectors, first, kRows - 1>(
            sums, window + (s - 1 + first) * stride, kernel, s);
        add_rows_below<width, vectors, first - 1>(sums, window, kernel, s, stride);
    }
}

/* The rows of the window above the first one that all rows of the tile need. */
template <int width, int vectors, int last>
PT_HD void add_rows_above(
    Sums<width, vectors>& sums, const float* window, const float* kernel, int64_t s,
    int64_t stride) {
    if constexpr (last >= 0) {
        add_row<width, vectors, 0, last>(
            sums, window + last * stride, kernel + (s - 1 - last) * s, s);
        add_rows_above<width, vectors, last - 1>(sums, window, kernel, s, stride);
    }
}

template <int width>
PT_HD void convolve_lanes(
    float* out, const float* window, const float* kernel, int64_t s, int64_t stride) {
    constexpr int vectors = width < kLanes ? 2 : 1;
    for (int64_t x = 0; x < kLanes; x += vectors * width, window += vectors * width) {
        Sums<width, vectors> sums = {};
        if (s < kRows) {
            for (int64_t row = 0; row < s; ++row)
                for (int y = 0; y < kRows; ++y)
                    add_one_row<width, vectors>(
                        sums.of[y], window + (s - 1 - row + y) * stride, kernel + row * s, s);
        } else {
            add_rows_below<width, vectors, kRows - 1>(sums, window, kernel, s, stride);
            for (int64_t row = s - 1; row >= kRows - 1; --row)
                add_row<width, vectors, 0, kRows - 1>(
                    sums, window + row * stride, kernel + (s - 1 - row) * s, s);
            add_rows_above<width, vectors, kRows - 2>(sums, window, kernel, s, stride);
        }
        for (int64_t y = 0; y < kRows; ++y)
            for (int64_t i = 0; i < vectors; ++i)
                store(out + y * kLanes + x + i * width, sums.of[y][i]);
    }
}

/* kRows x kLanes cells of the convolution with a kernel of s x s; `window` points to the upper left
 * of the cells in reach, whose rows lie `stride` apart.
 */
PT_WIDTHS(
    void, convolve_tile, convolve_lanes,
    (float* out, const float* window, const float* kernel, int64_t s, int64_t stride),
    (out, window, kernel, s, stride))

}  // namespace
}  // namespace posetrack

#endif
