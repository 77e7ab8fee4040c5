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

constexpr int64_t kRows = 6, kLanes = 16;         /* of a tile */
constexpr int kVectors = kWidth < kLanes ? 2 : 1; /* of a row that are computed at once */

/* So many sums as registers hold: kVectors of each row of the tile. */
struct Sums {
    Floats of[kRows][kVectors];
};

/* Adds a row of the window, whose first cell in reach is `at`, to rows `first` to `last` of the
 * tile; `kernel` is the row of the kernel that the tile's row `first` meets there.
 */
template <int first, int last>
PT_HD void add_row(Sums& sums, const float* at, const float* kernel, int64_t s) {
    for (int64_t column = 0; column < s; ++column) {
        Floats cells[kVectors];
        for (int i = 0; i < kVectors; ++i) load(cells[i], at + s - 1 - column + i * kWidth);
#pragma GCC unroll 6
        for (int y = first; y <= last; ++y)
            for (int i = 0; i < kVectors; ++i)
                sums.of[y][i] = sums.of[y][i] + cells[i] * kernel[(y - first) * s + column];
    }
}

/* Adds a row of the window to one row of the tile. */
PT_HD void add_one_row(Floats (&sums)[kVectors], const float* at, const float* kernel, int64_t s) {
    for (int64_t column = 0; column < s; ++column)
        for (int i = 0; i < kVectors; ++i) {
            Floats cells;
            load(cells, at + s - 1 - column + i * kWidth);
            sums[i] = sums[i] + cells * kernel[column];
        }
}

/* The rows of the window below the last one that all rows of the tile need. */
template <int first>
PT_HD void add_rows_below(
    Sums& sums, const float* window, const float* kernel, int64_t s, int64_t stride) {
    if constexpr (first > 0) {
        add_row<first, kRows - 1>(sums, window + (s - 1 + first) * stride, kernel, s);
        add_rows_below<first - 1>(sums, window, kernel, s, stride);
    }
}

/* The rows of the window above the first one that all rows of the tile need. */
template <int last>
PT_HD void add_rows_above(
    Sums& sums, const float* window, const float* kernel, int64_t s, int64_t stride) {
    if constexpr (last >= 0) {
        add_row<0, last>(sums, window + last * stride, kernel + (s - 1 - last) * s, s);
        add_rows_above<last - 1>(sums, window, kernel, s, stride);
    }
}

/* kRows x kLanes cells of the convolution with a kernel of s x s; `window` points to the upper left
 * of the cells in reach, whose rows lie `stride` apart.
 */
void convolve_tile(
    float* out, const float* window, const float* kernel, int64_t s, int64_t stride) {
    for (int64_t x = 0; x < kLanes; x += kVectors * kWidth, window += kVectors * kWidth) {
        Sums sums = {};
        if (s < kRows) {
            for (int64_t row = 0; row < s; ++row)
                for (int y = 0; y < kRows; ++y)
                    add_one_row(
                        sums.of[y], window + (s - 1 - row + y) * stride, kernel + row * s, s);
        } else {
            add_rows_below<kRows - 1>(sums, window, kernel, s, stride);
            for (int64_t row = s - 1; row >= kRows - 1; --row)
                add_row<0, kRows - 1>(sums, window + row * stride, kernel + (s - 1 - row) * s, s);
            add_rows_above<kRows - 2>(sums, window, kernel, s, stride);
        }
        for (int64_t y = 0; y < kRows; ++y)
            for (int64_t i = 0; i < kVectors; ++i)
                store(out + y * kLanes + x + i * kWidth, sums.of[y][i]);
    }
}

}  // namespace
}  // namespace posetrack

#endif
