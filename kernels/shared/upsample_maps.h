/* Bilinear values of a map at another size. */
#ifndef POSETRACK_SHARED_UPSAMPLE_MAPS_H
#define POSETRACK_SHARED_UPSAMPLE_MAPS_H

#include "scratch.h"

namespace posetrack {

enum UpsamplingRule { kHalfPixelRule = 0, kCornerRule = 1, kSameSize = 2 };

/* One axis of a map and of the enlarged map. */
struct Axis {
    int32_t cells;
    int32_t last; /* kCornerRule: the pixel that the last cell lies on */
    float step;   /* cells per pixel */
};

struct Upsampling {
    UpsamplingRule rule;
    Axis rows, columns;
    int64_t H, W;
};

/* The place of a pixel between two cells. */
struct Place {
    int32_t low, high;
    float weight; /* of the high one */
};

PT_HD Axis upsampled_axis(int64_t cells, int64_t pixels, UpsamplingRule rule) {
    const int64_t last = pixels - pixels / cells;
    const double step = (double)(cells - 1) / (double)(last > 1 ? last : 1);
    const float scale = (float)cells / (float)pixels;
    return {(int32_t)cells, (int32_t)last, rule == kCornerRule ? (float)step : scale};
}

/* The caller has checked that there are cells if there are pixels, and no side above kMaxSide. */
PT_HD Upsampling upsampling_of(int64_t h, int64_t w, int64_t H, int64_t W, UpsamplingRule rule) {
    const UpsamplingRule used = h == H && w == W ? kSameSize : rule;
    return {used, upsampled_axis(h, H, used), upsampled_axis(w, W, used), H, W};
}

PT_HD Place place_by_corners(Axis axis, int32_t pixel) {
    const float place = (float)(pixel < axis.last ? pixel : axis.last) * axis.step;
    const int32_t low = (int32_t)place;
    const int32_t end = axis.cells - 1;
    return {low, low < end ? low + 1 : end, place - (float)low};
}

PT_HD Place place_by_half_pixels(Axis axis, int32_t pixel) {
    const float signed_place = fused((float)pixel + 0.5f, axis.step, -0.5f);
    const float place = signed_place > 0.0f ? signed_place : 0.0f;
    const int32_t end = axis.cells - 1;
    const int32_t low = (int32_t)place < end ? (int32_t)place : end;
    const float weight = place - (float)low;
    return {low, low < end ? low + 1 : end, weight < 1.0f ? weight : 1.0f};
}

PT_HD Place place_on(Axis axis, int32_t pixel, UpsamplingRule rule) {
    if (rule == kSameSize) return {pixel, pixel, 0.0f};
    return rule == kCornerRule ? place_by_corners(axis, pixel) : place_by_half_pixels(axis, pixel);
}

/* The released code's sum: both products are rounded. */
PT_HD float blend_by_corners(float low, float high, float weight) {
    return low * (1.0f - weight) + high * weight;
}

/* torch's sum: the lower cell's product is added unrounded. */
PT_HD float blend_by_half_pixels(float low, float high, float weight) {
    return fused(low, 1.0f - weight, high * weight);
}

/* The value between four cells: first along the rows, then along the columns. */
PT_HD float blend_of_cells(
    float upper_left, float upper_right, float lower_left, float lower_right, float column_weight,
    float row_weight, UpsamplingRule rule) {
    if (rule == kSameSize) return upper_left;
    if (rule == kCornerRule)
        return blend_by_corners(
            blend_by_corners(upper_left, upper_right, column_weight),
            blend_by_corners(lower_left, lower_right, column_weight), row_weight);
    return blend_by_half_pixels(
        blend_by_half_pixels(upper_left, upper_right, column_weight),
        blend_by_half_pixels(lower_left, lower_right, column_weight), row_weight);
}

/* The same of a map: `left` and `right` are columns of it, `upper` and `lower` the cells before its
 * rows.
 */
template <typename Head>
PT_HD float value_between_cells(
    const Head* left, const Head* right, float column_weight, int64_t upper, int64_t lower,
    float row_weight, UpsamplingRule rule) {
    const float a = to_float(left[upper]);
    if (rule == kSameSize) return a;
    return blend_of_cells(
        a, to_float(right[upper]), to_float(left[lower]), to_float(right[lower]), column_weight,
        row_weight, rule);
}

/* The enlarged map's value at one pixel. */
template <typename Head>
PT_HD float upsampled_value(const Head* map, const Upsampling& upsampling, int32_t y, int32_t x) {
    const int64_t w = upsampling.columns.cells;
    const Place row = place_on(upsampling.rows, y, upsampling.rule);
    const Place column = place_on(upsampling.columns, x, upsampling.rule);
    return value_between_cells(
        map + column.low, map + column.high, column.weight, row.low * w, row.high * w, row.weight,
        upsampling.rule);
}

#if !defined(__CUDACC_RTC__)
inline UpsamplingRule upsampling_rule(int64_t rule) {
    return rule == PT_CORNER ? kCornerRule : kHalfPixelRule;
}

inline pt_status check_enlarged(int64_t h, int64_t w, int64_t H, int64_t W) {
    const bool cells = h > 0 && w > 0, pixels = H > 0 && W > 0;
    return Check()
        .sides({{"h", h}, {"w", w}, {"H", H}, {"W", W}})
        .that(h > 0 || !pixels, "h must be above 0: a map without cells cannot be enlarged")
        .that(cells || !pixels, "w must be above 0: a map without cells cannot be enlarged")
        .status();
}

/* A heatmap that is read as if it were enlarged: no side is 0, even where nobody reads. */
inline Check check_enlarged_heatmap(
    const void* heatmap, pt_dtype dtype, int64_t batch_stride, int64_t B, int64_t K, int64_t h,
    int64_t w, int64_t H, int64_t W) {
    return Check()
        .sizes({{"B", B}, {"K", K}})
        .sides({{"h", h}, {"w", w}, {"H", H}, {"W", W}})
        .that(h > 0, "h must be above 0: a heatmap without cells cannot be read")
        .that(w > 0, "w must be above 0: a heatmap without cells cannot be read")
        .that(H > 0, "H must be above 0: there is no pixel to read")
        .that(W > 0, "W must be above 0: there is no pixel to read")
        .head("heatmap", heatmap, dtype, batch_stride, {B, K, h, w});
}

inline pt_status check_upsample_maps(
    const float* out, const void* scratch, int64_t scratch_bytes, int64_t needed, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w,
    int64_t H, int64_t W, int64_t rule) {
    if (auto status = check_enlarged(h, w, H, W)) return status;
    const bool known = rule == PT_HALF_PIXEL || rule == PT_CORNER;
    return Check()
        .sizes({{"B", B}, {"C", C}})
        .that(known, "rule must be PT_HALF_PIXEL or PT_CORNER")
        .array("out", out, {B, C, H, W})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, C, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
