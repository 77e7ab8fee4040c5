/* The Gaussian window around a regressed keypoint, split into a weight per row and per column. */
#ifndef POSETRACK_SHARED_GAUSSIAN_ARGMAX_H
#define POSETRACK_SHARED_GAUSSIAN_ARGMAX_H

#include "portable.h"

namespace posetrack {

/* Weight of one row or column at `distance` cells. */
PT_HD float gaussian_weight(float distance, float spread) {
    return exp_of_negative(-(distance * distance) / spread);
}

/* Products are taken in this order everywhere, so that the bound of a row also holds after
 * rounding.
 */
PT_HD float windowed(float heat, float row_weight, float column_weight) {
    return (heat * row_weight) * column_weight;
}

/* The first cell of [0, size] that does not lie before an edge. */
PT_HD int64_t first_cell_from(float edge, int64_t size) {
    const float limit = (float)size;
    const float inside = edge > 0.0f ? edge : 0.0f;
    return inside < limit ? (int64_t)ceilf(inside) : size;
}

/* Whether a cell and its value come before the best so far (best_cell -1: there is none); values of
 * 0 and NaN never do.
 */
PT_HD bool is_better(float value, int64_t cell, float best, int64_t best_cell) {
    return value > best || (value == best && cell < best_cell);
}

PT_HD bool has_window(float x, float y, float spread) {
    return spread > 0.0f && !is_nan(x) && !is_nan(y);
}

}  // namespace posetrack

#endif
