/* The strongest pixels of an enlarged map after non-maximum suppression.
 *
 * Most pixels are never computed: they lie in tiles whose cells are too low for a place in the
 * list. Only where too few pixels are above 0, the map is searched from its start for others.
 */
#ifndef POSETRACK_SHARED_UPSAMPLED_PEAKS_H
#define POSETRACK_SHARED_UPSAMPLED_PEAKS_H

#include "upsample_maps.h"

namespace posetrack {

constexpr int64_t kTileRows = 16, kTileColumns = 32; /* pixels */
constexpr int64_t kMaxRadius = 7;

PT_HD int64_t tiles_of(int64_t H, int64_t W) {
    return ((H + kTileRows - 1) / kTileRows) * ((W + kTileColumns - 1) / kTileColumns);
}

struct StrongPixel {
    float value; /* never NaN */
    int32_t cell;
};

PT_HD bool is_stronger(StrongPixel a, StrongPixel b) {
    return a.value > b.value || (a.value == b.value && a.cell < b.cell);
}

PT_HD float smallest_positive() { return from_bits(1u); }

/* Not below `least`, and exceeded by nothing in its window. */
PT_HD bool is_peak_of(float value, float highest, float least) {
    return (value >= least) & (value == highest); /* not &&, so that loops are vectorised */
}

/* A bound for the pixels between cells of which `highest` is the highest. It allows for their seven
 * roundings and for those of subnormal products.
 */
PT_HD float highest_between(float highest) {
    return highest > 0.0f ? highest * 1.000001f + 1e-44f : 0.0f;
}

/* A pixel's value, or 0 where a pixel of its window exceeds it. */
template <typename Head>
PT_HD float suppressed_value(
    const Head* map, const Upsampling& upsampling, int32_t cell, int32_t radius) {
    const int32_t H = (int32_t)upsampling.H, W = (int32_t)upsampling.W;
    const int32_t y = cell / W, x = cell % W;
    const float value = upsampled_value(map, upsampling, y, x);
    if (is_nan(value)) return 0.0f;
    for (int32_t v = y > radius ? y - radius : 0; v <= y + radius && v < H; ++v)
        for (int32_t u = x > radius ? x - radius : 0; u <= x + radius && u < W; ++u)
            if (upsampled_value(map, upsampling, v, u) > value) return 0.0f;
    return value;
}

}  // namespace posetrack

#endif
