/* One cell of a head that is averaged with the flipped image's. */
#ifndef POSETRACK_SHARED_MERGE_FLIPPED_H
#define POSETRACK_SHARED_MERGE_FLIPPED_H

#include "portable.h"

namespace posetrack {

/* What the flipped image's value says of the image. */
PT_HD float turned(float value, float sign, float constant) { return constant + sign * value; }

PT_HD float mean_of_two(float a, float b) { return (a + b) * 0.5f; }

/* The flipped column that says something of column x. */
PT_HD int64_t flipped_column(int64_t x, int64_t w, int64_t shift) {
    return w - 1 - (x < shift ? x : x - shift);
}

}  // namespace posetrack

#endif
