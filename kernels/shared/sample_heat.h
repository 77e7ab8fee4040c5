/* An enlarged heatmap's value at a keypoint. */
#ifndef POSETRACK_SHARED_SAMPLE_HEAT_H
#define POSETRACK_SHARED_SAMPLE_HEAT_H

#include "upsample_maps.h"

namespace posetrack {

enum ReadingPoint { kBetweenPixels = 0, kFloorPixel = 1, kTransposedPixel = 2 };

/* A whole number limited to the pixels of one side; not for NaN. */
PT_HD int32_t limited_cell(float coordinate, int64_t side) {
    const float end = (float)(side - 1);
    return (int32_t)(coordinate > 0.0f ? (coordinate < end ? coordinate : end) : 0.0f);
}

/* As in the released code, coordinates are rounded towards 0, so that up to a pixel outside the
 * left or upper border the first two pixels are extrapolated. Infinite coordinates lie outside.
 */
template <typename Head>
PT_HD float heat_between(const Head* map, const Upsampling& upsampling, float x, float y) {
    const float left = truncf(x), top = truncf(y);
    const bool inside = left >= 0.0f && left + 1.0f < (float)upsampling.W && top >= 0.0f &&
                        top + 1.0f < (float)upsampling.H;
    if (!inside) return 0.0f;
    const int32_t column = (int32_t)left, row = (int32_t)top;
    const float u = x - left, v = y - top;
    const float a = upsampled_value(map, upsampling, row, column);
    const float b = upsampled_value(map, upsampling, row, column + 1);
    const float c = upsampled_value(map, upsampling, row + 1, column);
    const float d = upsampled_value(map, upsampling, row + 1, column + 1);
    return blend_by_corners(blend_by_corners(a, b, u), blend_by_corners(c, d, u), v);
}

template <typename Head>
PT_HD float heat_at(
    const Head* map, const Upsampling& upsampling, float x, float y, ReadingPoint at) {
    if (is_nan(x) || is_nan(y)) return 0.0f;
    if (at == kBetweenPixels) return heat_between(map, upsampling, x, y);
    if (at == kFloorPixel)
        return upsampled_value(
            map, upsampling, limited_cell(floorf(y), upsampling.H),
            limited_cell(floorf(x), upsampling.W));
    return upsampled_value(
        map, upsampling, limited_cell(truncf(x), upsampling.H),
        limited_cell(truncf(y), upsampling.W));
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_sample_heat(
    const float* values, const void* heatmap, const float* keypoints, const int32_t* counts,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t at) {
    return check_enlarged_heatmap(heatmap, heatmap_dtype, heatmap_batch_stride, B, K, h, w, H, W)
        .sizes({{"N", N}})
        .that(
            at >= PT_BETWEEN && at <= PT_TRANSPOSED,
            "at must be PT_BETWEEN, PT_FLOOR or PT_TRANSPOSED")
        .array("values", values, {B, N, K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
