/* The Gaussian window around a regressed keypoint, split into a weight per row and per column. */
#ifndef POSETRACK_SHARED_GAUSSIAN_ARGMAX_H
#define POSETRACK_SHARED_GAUSSIAN_ARGMAX_H

#include "portable.h"

namespace posetrack {

/* Weight of one row or column at `distance` cells. */
PT_HD float gaussian_weight(float distance, float spread) {
    return exp_of_negative(-(distance * distance) / spread);
}

/* Products are taken in this order everywhere, so that a row's bound holds after rounding. */
PT_HD float windowed(float heat, float row_weight, float column_weight) {
    return (heat * row_weight) * column_weight;
}

}  // namespace posetrack

#endif
