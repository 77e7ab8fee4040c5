/* Bilinear values of a map at another size. */
#ifndef POSETRACK_SHARED_UPSAMPLE_MAPS_H
#define POSETRACK_SHARED_UPSAMPLE_MAPS_H

#include "portable.h"

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

/* For rules other than kSameSize. */
PT_HD Place place_on(Axis axis, int32_t pixel, UpsamplingRule rule) {
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

/* The enlarged map's value at one pixel: first along the rows, then along the columns. */
template <typename Head>
PT_HD float upsampled_value(const Head* map, const Upsampling& upsampling, int32_t y, int32_t x) {
    const int64_t w = upsampling.columns.cells;
    if (upsampling.rule == kSameSize) return to_float(map[y * w + x]);
    const bool corner = upsampling.rule == kCornerRule;
    const Place row = place_on(upsampling.rows, y, upsampling.rule);
    const Place column = place_on(upsampling.columns, x, upsampling.rule);
    const Head* upper = map + row.low * w;
    const Head* lower = map + row.high * w;
    const float a = to_float(upper[column.low]), b = to_float(upper[column.high]);
    const float c = to_float(lower[column.low]), d = to_float(lower[column.high]);
    if (corner)
        return blend_by_corners(
            blend_by_corners(a, b, column.weight), blend_by_corners(c, d, column.weight),
            row.weight);
    return blend_by_half_pixels(
        blend_by_half_pixels(a, b, column.weight), blend_by_half_pixels(c, d, column.weight),
        row.weight);
}

}  // namespace posetrack

#endif
