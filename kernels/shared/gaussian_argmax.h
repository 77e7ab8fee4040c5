/* The Gaussian window around a regressed keypoint, split into a weight per row and per column. */
#ifndef POSETRACK_SHARED_GAUSSIAN_ARGMAX_H
#define POSETRACK_SHARED_GAUSSIAN_ARGMAX_H

#include "scratch.h"

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

#if !defined(__CUDACC_RTC__)
/* Of one image: the maxima of all rows and of all maps, weights of columns, and float16 maps as
 * floats. Only the CPU twin needs them.
 */
struct WindowedScratch {
    float *row_max, *heat_max, *weights, *widened;

    WindowedScratch(Scratch& scratch, pt_dtype dtype, int64_t K, int64_t h, int64_t w)
        : row_max(scratch.take<float>({K, h})),
          heat_max(scratch.take<float>({K})),
          weights(scratch.take<float>({w})),
          widened(scratch.take<float>({if_half(dtype, K), h, w})) {}
};

inline pt_status check_gaussian_argmax_sizes(int64_t K, int64_t h, int64_t w) {
    return Check().sizes({{"K", K}, {"h", h}, {"w", w}}).cells("h", h, "w", w).status();
}

inline pt_status check_gaussian_argmax(
    const int32_t* cells, const float* values, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const void* heatmap, const float* centers, const float* spread,
    const float* boxes, const int32_t* counts, pt_dtype heatmap_dtype, int64_t heatmap_batch_stride,
    int64_t B, int64_t N, int64_t K, int64_t h, int64_t w) {
    if (auto status = check_gaussian_argmax_sizes(K, h, w)) return status;
    return Check()
        .sizes({{"B", B}, {"N", N}})
        .array("cells", cells, {B, N, K})
        .array("values", values, {B, N, K})
        .head("heatmap", heatmap, heatmap_dtype, heatmap_batch_stride, {B, K, h, w})
        .array("centers", centers, {B, N, K, 2})
        .array("spread", spread, {B, N})
        .optional("boxes", boxes, {B, N, 4})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
