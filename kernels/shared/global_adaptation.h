/* LOGO-CAP's global adaptation: the two highest cells of a window, and the keypoint they make. */
#ifndef POSETRACK_SHARED_GLOBAL_ADAPTATION_H
#define POSETRACK_SHARED_GLOBAL_ADAPTATION_H

#include "map_sampling.h"
#include "scratch.h"

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

/* `mass` is the sum of the magnitudes of a kernel's row. Returns whether an entry is negative: then
 * the magnitudes of the window's values bound the convolution, not the values.
 */
PT_HD bool row_mass(const float* row, int64_t side, float& mass) {
    bool negative = false;
    mass = 0.0f;
    for (int64_t i = 0; i < side; ++i) {
        mass += magnitude(row[i]);
        negative = negative || row[i] < 0.0f;
    }
    return negative;
}

PT_HD float total_mass(const float* masses, int64_t side) {
    float mass = 0.0f;
    for (int64_t row = 0; row < side; ++row) mass += masses[row];
    return mass;
}

/* A bound for the sums of products of a kernel of this mass with values of at most `highest`. It
 * also holds for rounded masses and for sums of hundreds of rounded terms.
 */
PT_HD float convolution_bound(float mass, float highest) {
    return highest > 0.0f ? mass * highest * 1.001f + 1e-37f : 1e-37f;
}

/* A bound for a tile of the convolution: `highest` is the highest cell of the heatmap within the
 * kernel's reach, or its magnitude, `weight` the highest magnitude of a weight there. No value
 * between cells is higher than both.
 */
PT_HD float tile_bound(float mass, float highest, float weight) {
    const float bound = convolution_bound(mass, weighed_cell(highest, weight));
    return is_nan(bound) ? positive_infinity() : bound;
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

#if !defined(__CUDACC_RTC__)
constexpr int64_t kMaxWindow = 4096;                   /* of windows and kernels, cells */
constexpr int64_t kMaxWindowPixels = (int64_t)1 << 22; /* of an axis: floats can hold quarters */

inline pt_status check_global_adaptation_sizes(
    pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t K, int64_t h, int64_t w, int64_t g,
    int64_t s) {
    return Check()
        .dtype("heatmap_dtype", heatmap_dtype)
        .dtype("kernels_dtype", kernels_dtype)
        .sizes({{"K", K}})
        .sides({{"h", h}, {"w", w}})
        .that(g % 2 == 1 && g >= 1 && g <= kMaxWindow, "g must be odd and 1 to 4096")
        .that(s % 2 == 1 && s >= 1 && s <= kMaxWindow, "s must be odd and 1 to 4096")
        .status();
}

inline pt_status check_global_adaptation(
    const float* adapted, const float* values, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const float* keypoints, const void* heatmap, const void* kernels,
    const float* weights, const int32_t* counts, pt_dtype heatmap_dtype, pt_dtype kernels_dtype,
    int64_t heatmap_batch_stride, int64_t kernels_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t g, int64_t s) {
    if (auto status = check_global_adaptation_sizes(heatmap_dtype, kernels_dtype, K, h, w, g, s))
        return status;
    const bool empty = B == 0 || N == 0 || K == 0;
    return Check()
        .sizes({{"B", B}, {"N", N}})
        .that(H >= h && H <= kMaxWindowPixels, "H must be at least h and at most 4194304")
        .that(W >= w && W <= kMaxWindowPixels, "W must be at least w and at most 4194304")
        .that(empty || h > 0, "h must be above 0: a heatmap must have cells")
        .that(empty || w > 0, "w must be above 0: a heatmap must have cells")
        .that(kernels || s == 1, "s must be 1 without kernels")
        .array("adapted", adapted, {B, N, K, 2})
        .array("values", values, {B, N, K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .head("heatmap", heatmap, heatmap_dtype, heatmap_batch_stride, {B, K, h, w})
        .head(
            "kernels", kernels, kernels_dtype, kernels_batch_stride, {kernels ? B : 0, N, K, s, s})
        .array("weights", weights, {g, g})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
