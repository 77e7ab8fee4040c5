/* A quick bound for sums of e^-x, by which most pairs of poses are clearly alike or clearly not.
 * Only the others need the sum itself.
 */
#ifndef POSETRACK_SHARED_ROUGH_SIMILARITY_H
#define POSETRACK_SHARED_ROUGH_SIMILARITY_H

#include "check.h"

namespace posetrack {

/* The square of it. */
PT_HD float keypoint_distance(const float* a, const float* b) {
    const float dx = a[0] - b[0], dy = a[1] - b[1];
    return dx * dx + dy * dy;
}

/* What rough_term multiplies a squared distance with, from a sigma and from an area. NaN where they
 * are so small or large that the bound might not hold.
 */
PT_HD float scale_of_sigma(float sigma) {
    const float scale = -1.44269504f * 8388608.0f / (8.0f * sigma * sigma);
    return scale < -1e-8f && scale > -1e22f ? scale : not_a_number();
}

PT_HD float scale_of_area(float area) {
    return area > 1e-15f && area < 1e15f ? 1.0f / area : not_a_number();
}

/* Between e^-x and 1.0615 e^-x, or both are at most 2^-125: x is the squared distance of two
 * keypoints / (2 (2 sigma)^2 area), and `scale` the product of sigma's and area's. 0 where
 * `distance` is NaN. The bits of a float are its logarithm, if its fraction is taken for that of
 * the exponent: Schraudolph, "A Fast, Compact Approximation of the Exponential Function" (1999).
 */
PT_HD float rough_term(float distance, float scale) {
    const float bits = fused(distance, scale, 127.0f * 8388608.0f);
    return from_bits((uint32_t)(int32_t)(bits > 0.0f ? bits : 0.0f));
}

PT_HD float rough_sum(float sum, float term) { return sum + term; }

/* Whether the sum of a few hundred terms is above (below) a limit, however much the rough sum
 * differs. NaN: nothing is sure.
 */
PT_HD bool is_surely_above(float rough, float limit) { return rough * 0.94f - 1e-30f > limit; }
PT_HD bool is_surely_below(float rough, float limit) { return rough * 1.001f + 1e-30f < limit; }

}  // namespace posetrack

#endif
