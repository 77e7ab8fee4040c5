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

/* How many pixels of a tile may have a place among N. */
PT_HD int64_t places_of_tile(int64_t N) {
    return N < kTileRows * kTileColumns ? N : kTileRows * kTileColumns;
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

#if !defined(__CUDACC_RTC__)
/* A tile that may hold pixels above 0. */
struct Tile {
    float bound; /* no pixel of the tile is higher */
    int32_t index;
};

/* The tiles of one map, a row of its cells, and a map of float16 as floats. */
struct TilesOnCpu {
    Tile* tiles;
    float *band, *widened;

    TilesOnCpu(Scratch& scratch, pt_dtype dtype, int64_t h, int64_t w, int64_t H, int64_t W)
        : tiles(scratch.take<Tile>({tiles_of(H, W)})),
          band(scratch.take<float>({w})),
          widened(scratch.take<float>({if_half(dtype, h), w})) {}
};

/* A list for every tile of all maps: its pixels, then one that counts them. */
struct TilesOnCuda {
    StrongPixel* lists;

    TilesOnCuda(Scratch& scratch, int64_t B, int64_t C, int64_t N, int64_t H, int64_t W)
        : lists(scratch.take<StrongPixel>({B * C, tiles_of(H, W), places_of_tile(N) + 1})) {}
};

/* How many pixels of a window lie on each side of its middle.
 *
 * Source of the window that follows the map's size: TEST.POOL_THRESHOLD1 and 2 of
 * github.com/HRNet/DEKR.
 */
inline int32_t window_radius(int64_t window, int64_t h, int64_t w) {
    if (window != 0) return (int32_t)(window / 2);
    const int64_t sides = h + w;
    return sides > 2 * 300 ? 3 : sides > 2 * 200 ? 2 : 1;
}

inline pt_status check_upsampled_peaks_sizes(
    int64_t B, int64_t C, int64_t N, int64_t h, int64_t w, int64_t H, int64_t W) {
    if (auto status = check_enlarged(h, w, H, W)) return status;
    return Check().sizes({{"B", B}, {"C", C}, {"N", N}}).cells("H", H, "W", W).status();
}

inline pt_status check_upsampled_peaks(
    const int32_t* cells, const float* values, const int32_t* count, const void* scratch,
    int64_t scratch_bytes, int64_t needed, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t C, int64_t N, int64_t h, int64_t w, int64_t H,
    int64_t W, int64_t window, int64_t rule, float min_value, int64_t at_least) {
    if (auto status = check_upsampled_peaks_sizes(B, C, N, h, w, H, W)) return status;
    return Check()
        .that(
            window == 0 || (window >= 1 && window <= 2 * kMaxRadius + 1 && window % 2 == 1),
            "window must be odd and 1 to 15, or 0")
        .that(rule == PT_HALF_PIXEL || rule == PT_CORNER, "rule must be PT_HALF_PIXEL or PT_CORNER")
        .that(!is_nan(min_value), "min_value must be a number")
        .that(at_least >= 0, "at_least must be at least 0")
        .array("cells", cells, {B, C, N})
        .array("values", values, {B, C, N})
        .array("count", count, {B, C})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, C, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
