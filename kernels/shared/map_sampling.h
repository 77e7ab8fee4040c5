/* Values of a map between its pixels, interpolated as in LOGO-CAP's released code. */
#ifndef POSETRACK_SHARED_MAP_SAMPLING_H
#define POSETRACK_SHARED_MAP_SAMPLING_H

#include "upsample_maps.h"

namespace posetrack {

/* The two places of an axis that a position is blended from. */
struct Neighbours {
    int32_t low, high;
    float low_weight, high_weight;
};

PT_HD float limited(float x, float low, float high) {
    return x < low ? low : (x > high ? high : x);
}

/* The released code's weights, which the published networks expect. They are those of linear
 * interpolation in [0, length - 1), and below 0 those of the first pixel alone. At length - 1 both
 * are 0, and from there to `length` the weight of the last pixel grows to 1.
 */
PT_HD Neighbours sampled_neighbours(float position, int64_t length) {
    const float last = (float)(length - 1);
    const float low = (float)(int32_t)limited(position, 0.0f, last);
    const float high = low + 1.0f < last ? low + 1.0f : last;
    const float beyond = position - low + 0.0f; /* not -0, even where the position is */
    return {
        (int32_t)low, (int32_t)high, limited(high - position, 0.0f, 1.0f),
        limited(beyond, 0.0f, 1.0f)};
}

/* The weighted sum of four values, in the released code's order. */
PT_HD float sampled(
    float upper_left, float lower_left, float upper_right, float lower_right, float upper,
    float lower, float left, float right) {
    float sum = upper_left * (upper * left);
    sum += lower_left * (lower * left);
    sum += upper_right * (upper * right);
    sum += lower_right * (lower * right);
    return sum;
}

/* A value between the pixels of a map that upsample_maps.h enlarges. */
template <typename Head>
PT_HD float sampled_between(const Head* map, const Upsampling& upsampling, float x, float y) {
    const Neighbours row = sampled_neighbours(y, upsampling.H);
    const Neighbours column = sampled_neighbours(x, upsampling.W);
    return sampled(
        upsampled_value(map, upsampling, row.low, column.low),
        upsampled_value(map, upsampling, row.high, column.low),
        upsampled_value(map, upsampling, row.low, column.high),
        upsampled_value(map, upsampling, row.high, column.high), row.low_weight, row.high_weight,
        column.low_weight, column.high_weight);
}

}  // namespace posetrack

#endif
