/* One coordinate of one keypoint from its center's cell. */
#ifndef POSETRACK_SHARED_CENTER_OFFSET_DECODE_H
#define POSETRACK_SHARED_CENTER_OFFSET_DECODE_H

#include "portable.h"

namespace posetrack {

/* The cell of the offset map that a coordinate of a map `ratio` times as fine reads: the one that
 * covers it, or the nearest one.
 */
PT_HD int64_t offset_cell(int64_t fine, int64_t size, int64_t ratio, bool rounded) {
    if (!rounded) return fine / ratio;
    const int64_t nearest = (2 * fine + ratio) / (2 * ratio);
    return nearest < size ? nearest : size - 1;
}

/* `cell` is offset_cell of the fine coordinate. */
PT_HD float offset_coordinate(
    int64_t fine, int64_t cell, int64_t ratio, bool rounded, float offset, float sign) {
    const float position = rounded ? (float)cell : (float)fine / (float)ratio;
    return position + sign * offset;
}

}  // namespace posetrack

#endif
