/* A map is copied with its border repeated on all sides, so that each pass is one long loop over
 * memory whose taps lie a fixed step apart: the width of the copy in the pass down the columns, 1
 * in the pass along the rows. The first pass also smooths the repeated cells, which the second one
 * needs; the second pass also computes sums across the ends of rows, which are never read.
 *
 * Tried: row by row through a buffer of one row; three times slower at 64 x 48.
 */
#include "../shared/smooth_heatmaps.h"

#include <algorithm>

#include "../shared/heatmap_argmax.h"
#include "highest.h"
#include "widen.h"

namespace posetrack {
namespace {

/* out[i] is the weighted sum of in[i - radius * step] to in[i + radius * step]. Four pairs of taps
 * at a time stay in registers.
 */
void weigh(
    float* __restrict out, const float* __restrict in, int64_t step,
    const float* __restrict weights, int64_t radius, int64_t size) {
    int64_t tap = 1;
    if (radius >= 4) {
        const float o = weights[0], p = weights[1], q = weights[2], r = weights[3], s = weights[4];
        for (int64_t i = 0; i < size; ++i) {
            float sum = middle_tap(in[i], o);
            sum = pair_of_taps(sum, in[i - step], in[i + step], p);
            sum = pair_of_taps(sum, in[i - 2 * step], in[i + 2 * step], q);
            sum = pair_of_taps(sum, in[i - 3 * step], in[i + 3 * step], r);
            out[i] = pair_of_taps(sum, in[i - 4 * step], in[i + 4 * step], s);
        }
        tap = 5;
    } else {
        for (int64_t i = 0; i < size; ++i) out[i] = middle_tap(in[i], weights[0]);
    }
    for (; tap + 3 <= radius; tap += 4) {
        const float *before = in - tap * step, *after = in + tap * step;
        const float p = weights[tap], q = weights[tap + 1];
        const float r = weights[tap + 2], s = weights[tap + 3];
        for (int64_t i = 0; i < size; ++i) {
            float sum = pair_of_taps(out[i], before[i], after[i], p);
            sum = pair_of_taps(sum, before[i - step], after[i + step], q);
            sum = pair_of_taps(sum, before[i - 2 * step], after[i + 2 * step], r);
            out[i] = pair_of_taps(sum, before[i - 3 * step], after[i + 3 * step], s);
        }
    }
    for (; tap <= radius; ++tap) {
        const float *before = in - tap * step, *after = in + tap * step;
        for (int64_t i = 0; i < size; ++i)
            out[i] = pair_of_taps(out[i], before[i], after[i], weights[tap]);
    }
}

/* Smooths up to `max_rows` rows at once. */
struct Filter {
    int64_t radius, h, w, wide;
    float* padded; /* (max_rows + 2 * radius, wide) with its border repeated; then the result */
    float* down;   /* (max_rows, wide) after the first pass */
    float weights[kMaxReach + 1];

    Filter(Scratch& scratch, int64_t max_rows, int64_t height, int64_t width, double deviation)
        : radius(smoothing_radius(deviation)),
          h(height),
          w(width),
          wide(width + 2 * radius),
          padded(scratch.take<float>({max_rows + 2 * radius, wide})),
          down(scratch.take<float>({max_rows, wide})) {
        smoothing_weights(weights, radius, deviation);
    }

    /* Smooths `count` rows from `top` on into smoothed (count, w). */
    void smooth(float* smoothed, const float* map, int64_t top, int64_t count) const {
        float* next = padded;
        for (int64_t y = top - radius; y < top + count + radius; ++y) {
            const float* row = map + std::clamp<int64_t>(y, 0, h - 1) * w;
            next = std::fill_n(next, radius, row[0]);
            next = std::copy(row, row + w, next);
            next = std::fill_n(next, radius, row[w - 1]);
        }
        weigh(down, padded + radius * wide, wide, weights, radius, count * wide);
        weigh(padded + radius, down + radius, 1, weights, radius, count * wide - 2 * radius);
        for (int64_t y = 0; y < count; ++y) {
            const float* row = padded + y * wide + radius;
            std::copy(row, row + w, smoothed + y * w);
        }
    }
};

/* A filter for whole maps, and a map of float16 as floats. */
struct Smoothing {
    Filter filter;
    float* widened;

    Smoothing(Scratch& scratch, pt_dtype dtype, int64_t h, int64_t w, double deviation)
        : filter(scratch, h, h, w, deviation),
          widened(scratch.take<float>({if_half(dtype, h), w})) {}
};

/* Rows that highest_smoothed smooths at once. */
constexpr int64_t kBand = 8;

/* A filter for bands, buffers of highest_smoothed, and a map of float16 as floats. */
struct Fusing {
    Filter filter;
    float *smoothed, *maxima, *widened;

    Fusing(Scratch& scratch, pt_dtype dtype, int64_t h, int64_t w, double deviation)
        : filter(scratch, kBand, h, w, deviation),
          smoothed(scratch.take<float>({kBand, w})),
          maxima(scratch.take<float>({(h + kBand - 1) / kBand})),
          widened(scratch.take<float>({if_half(dtype, h), w})) {}
};

/* The highest cell of the smoothed map; bands that cannot hold it are not smoothed.
 *
 * maxima: (bands) buffer.
 * smoothed: (kBand, w) buffer.
 */
Highest highest_smoothed(const Filter& filter, float* maxima, float* smoothed, const float* map) {
    const int64_t w = filter.w, bands = (filter.h + kBand - 1) / kBand;
    const int64_t reach = (filter.radius + kBand - 1) / kBand;
    auto rows = [&](int64_t band) { return std::min(kBand, filter.h - band * kBand); };
    int64_t start = 0;
    for (int64_t i = 0; i < bands; ++i) {
        maxima[i] = highest_of(map + i * kBand * w, rows(i) * w);
        if (maxima[i] > maxima[start]) start = i;
    }
    Highest best = no_cell();
    auto search = [&](int64_t band) {
        filter.smooth(smoothed, map, band * kBand, rows(band));
        const Highest found = highest_cell(smoothed, rows(band) * w);
        if (found.cell >= 0)
            best = first_of(best, {(int32_t)(band * kBand * w) + found.cell, found.value});
    };
    search(start);
    for (int64_t i = 0; i < bands; ++i) {
        const int64_t first = std::max<int64_t>(0, i - reach);
        const int64_t count = std::min(bands, i + reach + 1) - first;
        const float limit = highest_of(maxima + first, count);
        if (i != start && !(best.cell >= 0 && mean_stays_below(limit, best.value))) search(i);
    }
    return best;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_smooth_heatmaps_scratch_bytes_cpu(
    pt_dtype maps_dtype, int64_t h, int64_t w, double deviation) {
    if (check_smoothing_sizes(h, w, deviation)) return -1;
    return scratch_bytes<Smoothing>(maps_dtype, h, w, deviation);
}

pt_status pt_smooth_heatmaps_cpu(
    float* smoothed, void* scratch, int64_t scratch_bytes, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, double deviation) {
    const int64_t needed = pt_smooth_heatmaps_scratch_bytes_cpu(maps_dtype, h, w, deviation);
    if (needed < 0) return PT_INVALID_ARGUMENT;
    if (auto status = check_smooth_heatmaps(
            smoothed, scratch, scratch_bytes, needed, maps, maps_dtype, maps_batch_stride, B, K, h,
            w))
        return status;
    if (h == 0 || w == 0) return PT_OK;
    const auto working = lay_out<Smoothing>(scratch, maps_dtype, h, w, deviation);
    for (int64_t i = 0; i < B * K; ++i) {
        const int64_t first = i / K * maps_batch_stride + i % K * h * w;
        const float* map = floats_of(maps, maps_dtype, first, h * w, working.widened);
        working.filter.smooth(smoothed + i * h * w, map, 0, h);
    }
    return PT_OK;
}

int64_t pt_fuse_offsets_scratch_bytes_cpu(pt_dtype dtype, int64_t h, int64_t w, double smoothing) {
    if (check_smoothing_sizes(h, w, smoothing, "smoothing must be 0 to 64 cells")) return -1;
    return scratch_bytes<Fusing>(dtype, h, w, smoothing);
}

pt_status pt_fuse_offsets_cpu(
    float* keypoints, float* values, void* scratch, int64_t scratch_bytes, const void* heatmaps,
    const void* offsets, pt_dtype dtype, int64_t heatmaps_batch_stride,
    int64_t offsets_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, float radius,
    double smoothing) {
    const int64_t needed = pt_fuse_offsets_scratch_bytes_cpu(dtype, h, w, smoothing);
    if (needed < 0) return PT_INVALID_ARGUMENT;
    if (auto status = check_fuse_offsets(
            keypoints, values, scratch, scratch_bytes, needed, heatmaps, offsets, dtype,
            heatmaps_batch_stride, offsets_batch_stride, B, K, h, w))
        return status;
    const int64_t area = h * w;
    if (area == 0) {
        std::fill(keypoints, keypoints + 2 * B * K, 0.0f);
        std::fill(values, values + B * K, 0.0f);
        return PT_OK;
    }
    const auto working = lay_out<Fusing>(scratch, dtype, h, w, smoothing);
    const Filter& filter = working.filter;
    for (int64_t i = 0; i < B * K; ++i) {
        const int64_t b = i / K, k = i % K, first = b * heatmaps_batch_stride + k * area;
        const float* map = floats_of(heatmaps, dtype, first, area, working.widened);
        const Highest highest =
            filter.radius > 0 ? highest_smoothed(filter, working.maxima, working.smoothed, map)
                              : highest_cell(map, area);
        with_head(dtype, [&](auto type) {
            const auto* heat = static_cast<const decltype(type)*>(heatmaps) + first;
            const auto* offset = static_cast<const decltype(type)*>(offsets);
            if (offset) offset += b * offsets_batch_stride + 2 * k * area;
            fused_keypoint(keypoints + 2 * i, values + i, heat, offset, highest.cell, h, w, radius);
        });
    }
    return PT_OK;
}
