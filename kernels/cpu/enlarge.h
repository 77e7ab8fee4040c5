/* A part of an enlarged map, as the CPU twins compute it: every row of cells is enlarged along x,
 * once for all pixel rows that it contributes to, and then blended with its neighbour along y.
 */
#ifndef POSETRACK_CPU_ENLARGE_H
#define POSETRACK_CPU_ENLARGE_H

#include "../shared/upsample_maps.h"

namespace posetrack {
namespace {

constexpr int32_t kMaxColumns = 512; /* of a part; two enlarged rows of it fit into the L1 cache */

/* Where columns of pixels lie on the cells. */
struct Columns {
    int32_t low[kMaxColumns], high[kMaxColumns];
    float weight[kMaxColumns];

    void set(int32_t x, const Place& at) {
        low[x] = at.low;
        high[x] = at.high;
        weight[x] = at.weight;
    }
};

PT_HD void place_columns(Columns& at, const Upsampling& upsampling, int32_t left, int32_t columns) {
    const Axis axis = upsampling.columns;
    if (upsampling.rule == kCornerRule)
        for (int32_t x = 0; x < columns; ++x) at.set(x, place_by_corners(axis, left + x));
    else
        for (int32_t x = 0; x < columns; ++x) at.set(x, place_by_half_pixels(axis, left + x));
}

/* One row of cells, enlarged along x. */
template <typename Head>
PT_HD void enlarge_row(
    float* __restrict out, const Head* __restrict row, const Columns& at, bool corner,
    int32_t columns) {
    if (corner)
        for (int32_t x = 0; x < columns; ++x)
            out[x] =
                blend_by_corners(to_float(row[at.low[x]]), to_float(row[at.high[x]]), at.weight[x]);
    else
        for (int32_t x = 0; x < columns; ++x)
            out[x] = blend_by_half_pixels(
                to_float(row[at.low[x]]), to_float(row[at.high[x]]), at.weight[x]);
}

/* At most kMaxColumns columns; rows of `out` are `out_stride` apart. */
template <typename Head>
void enlarge(
    float* __restrict out, const Head* __restrict map, const Upsampling& upsampling, int32_t top,
    int32_t left, int32_t rows, int32_t columns, int64_t out_stride) {
    const int64_t w = upsampling.columns.cells;
    const bool corner = upsampling.rule == kCornerRule;
    float lines[2][kMaxColumns];
    Columns places;
    if (upsampling.rule != kSameSize) place_columns(places, upsampling, left, columns);
    int32_t held[2] = {-1, -1}, upper = 0; /* the rows of cells that `lines` holds */
    for (int32_t y = 0; y < rows; ++y, out += out_stride) {
        if (upsampling.rule == kSameSize) {
            const Head* row = map + (top + y) * w + left;
            for (int32_t x = 0; x < columns; ++x) out[x] = to_float(row[x]);
            continue;
        }
        const Place at = place_on(upsampling.rows, top + y, upsampling.rule);
        if (held[upper] != at.low) upper = 1 - upper;
        if (held[upper] != at.low)
            enlarge_row(lines[upper], map + at.low * w, places, corner, columns);
        held[upper] = at.low;
        const int32_t lower = 1 - upper;
        if (held[lower] != at.high)
            enlarge_row(lines[lower], map + at.high * w, places, corner, columns);
        held[lower] = at.high;
        const float* above = lines[upper];
        const float* below = lines[lower];
        if (corner)
            for (int32_t x = 0; x < columns; ++x)
                out[x] = blend_by_corners(above[x], below[x], at.weight);
        else
            for (int32_t x = 0; x < columns; ++x)
                out[x] = blend_by_half_pixels(above[x], below[x], at.weight);
    }
}

}  // namespace
}  // namespace posetrack

#endif
