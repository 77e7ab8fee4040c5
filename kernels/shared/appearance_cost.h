/* The angle between two features, summed in one order on every device. */
#ifndef POSETRACK_SHARED_APPEARANCE_COST_H
#define POSETRACK_SHARED_APPEARANCE_COST_H

#include "portable.h"

namespace posetrack {

/* A dot product is summed in lanes: lane l sums the products l, l + kLanes, ... */
constexpr int kLanes = 16;

PT_HD void add_product(float* lane, float a, float b) { *lane += a * b; }

PT_HD float sum_of_lanes(const float* lanes) {
    float sums[kLanes];
    for (int l = 0; l < kLanes; ++l) sums[l] = lanes[l];
    for (int step = kLanes / 2; step > 0; step /= 2)
        for (int l = 0; l < step; ++l) sums[l] += sums[l + step];
    return sums[0];
}

/* 1 / length from the squared length; 0 where that is not positive and finite. */
PT_HD float inverse_length(float squared) {
    const bool usable = squared > 0.0f && squared < positive_infinity();
    return usable ? 1.0f / sqrtf(squared) : 0.0f;
}

PT_HD float appearance_cost(float product, float inverse_a, float inverse_b) {
    if (!(inverse_a > 0.0f) || !(inverse_b > 0.0f)) return 1.0f;
    const float cost = 1.0f - product * inverse_a * inverse_b;
    return cost < 0.0f ? 0.0f : cost < 1.0f ? cost : 1.0f;
}

}  // namespace posetrack

#endif
