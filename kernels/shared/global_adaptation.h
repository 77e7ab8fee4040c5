/* LOGO-CAP's global adaptation: the two highest cells of a window, and the keypoint they make. */
#ifndef POSETRACK_SHARED_GLOBAL_ADAPTATION_H
#define POSETRACK_SHARED_GLOBAL_ADAPTATION_H

#include "map_sampling.h"

namespace posetrack {

/* A cell of a window: row * side + column; -1 is none. */
struct WindowPeak {
    float value;
    int32_t cell;
};

/* The higher peak precedes the other, of equal ones the lower cell; NaN precedes none. */
PT_HD bool precedes(WindowPeak a, WindowPeak b) {
    if (b.cell < 0) return a.cell >= 0 && !is_nan(a.value);
    return a.value > b.value || (a.value == b.value && a.cell < b.cell);
}

struct TopTwo {
    WindowPeak first, second;
};

PT_HD TopTwo no_peaks() { return {{0.0f, -1}, {0.0f, -1}}; }

PT_HD void insert(TopTwo& top, WindowPeak peak) {
    if (precedes(peak, top.first)) {
        top.second = top.first;
        top.first = peak;
    } else if (precedes(peak, top.second)) {
        top.second = peak;
    }
}

/* Where a window's column (or row) lies on the enlarged heatmap. */
PT_HD float window_position(float keypoint, int32_t step, int32_t side) {
    return keypoint + (float)(step - side / 2);
}

PT_HD float weighed_cell(float value, float weight) { return weight * value; }

/* Adds one product of the convolution; products are added in the order of the kernel's rows. */
PT_HD float convolved(float sum, float window, float kernel) { return sum + window * kernel; }

/* An entry of a kernel; if `clamp`, clipped to [0, 1] and divided by the number of entries. */
PT_HD float kernel_entry(float kernel, int64_t side, bool clamp) {
    return clamp ? limited(kernel, 0.0f, 1.0f) / (float)(side * side) : kernel;
}

PT_HD float magnitude(float x) { return x < 0.0f ? -x : x; }

/* `mass` is the sum of the magnitudes of a kernel's entries. Returns whether an entry is negative:
 * then the magnitudes of the window's values bound the convolution, not the values.
 */
PT_HD bool kernel_mass(const float* kernel, int64_t side, float& mass) {
    bool negative = false;
    mass = 0.0f;
    for (int64_t i = 0; i < side * side; ++i) {
        mass += magnitude(kernel[i]);
        negative = negative || kernel[i] < 0.0f;
    }
    return negative;
}

/* A bound for the sums of products of a kernel of this mass with values of at most `highest`. It
 * also holds for rounded masses and for sums of hundreds of rounded terms.
 */
PT_HD float convolution_bound(float mass, float highest) {
    return highest > 0.0f ? mass * highest * 1.001f + 1e-37f : 1e-37f;
}

PT_HD float blend_of_two(float first, float second, float first_weight) {
    return first_weight * first + (1.0f - first_weight) * second;
}

/* x or y of the adapted keypoint: the weighted mean of the two cells, or the only cell. */
PT_HD float adapted(float keypoint, TopTwo top, int64_t side, float first_weight, bool along_y) {
    if (top.first.cell < 0) return keypoint;
    const int64_t first = top.first.cell, second = top.second.cell < 0 ? first : top.second.cell;
    const float a = (float)(along_y ? first / side : first % side);
    const float b = (float)(along_y ? second / side : second % side);
    return keypoint + (blend_of_two(a, b, first_weight) - (float)(side / 2));
}

PT_HD float adapted_value(TopTwo top, float first_weight) {
    if (top.second.cell < 0) return top.first.cell < 0 ? 0.0f : top.first.value;
    return blend_of_two(top.first.value, top.second.value, first_weight);
}

}  // namespace posetrack

#endif
