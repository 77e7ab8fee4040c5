/* One cell of the mean of a head and of the flipped image's head. */
#ifndef POSETRACK_SHARED_MERGE_FLIPPED_H
#define POSETRACK_SHARED_MERGE_FLIPPED_H

#include "portable.h"

namespace posetrack {

/* A value of the flipped image's head, flipped back. */
PT_HD float turned(float value, float sign, float constant) { return constant + sign * value; }

PT_HD float mean_of_two(float a, float b) { return (a + b) * 0.5f; }

/* The column of the flipped image's head that belongs to column x. */
PT_HD int64_t flipped_column(int64_t x, int64_t w, int64_t shift) {
    return w - 1 - (x < shift ? x : x - shift);
}

}  // namespace posetrack

#endif
