/* Rows of the map are blended into one first, from the RoI's first column to its last, and then the
 * columns of that row. Padding both to whole vectors was tried and gained nothing.
 */
#include "../shared/roi_align.h"

#include <algorithm>
#include <limits>

#include "../include/posetrack_kernels.h"

namespace posetrack {
namespace {

/* Taps of all cells of a grid's axis: tap t of cell i at [t * count + i]. */
struct Taps {
    int32_t* cells;
    float* weights;
    int64_t count;   /* of the grid's cells along the axis */
    int64_t samples; /* per cell; each has two taps */
};

void fill_taps(const Taps& taps, const RoiAxis& axis) {
    for (int64_t i = 0; i < taps.count; ++i)
        for (int64_t t = 0; t < 2 * taps.samples; ++t) {
            const RoiTap tap = roi_tap(axis, (int32_t)(i * taps.samples + t / 2), (int32_t)(t % 2));
            taps.cells[t * taps.count + i] = tap.cell;
            taps.weights[t * taps.count + i] = tap.weight;
        }
}

/* One channel of one RoI. */
void pool(
    float* __restrict pooled, float* __restrict row, const float* __restrict plane, Taps across,
    Taps down, int64_t first, int64_t end, int64_t w) {
    for (int64_t r = 0; r < down.count; ++r) {
        for (int64_t x = first; x < end; ++x) row[x] = 0.0f;
        for (int64_t t = 0; t < 2 * down.samples; ++t) {
            const float weight = down.weights[t * down.count + r];
            const float* __restrict source = plane + down.cells[t * down.count + r] * w;
            if (weight == 0.0f) continue;
            for (int64_t x = first; x < end; ++x) row[x] = with_tap(row[x], weight, source[x]);
        }
        float* __restrict out = pooled + r * across.count;
        for (int64_t q = 0; q < across.count; ++q) out[q] = 0.0f;
        for (int64_t t = 0; t < 2 * across.samples; ++t) {
            const int32_t* __restrict cells = across.cells + t * across.count;
            const float* __restrict weights = across.weights + t * across.count;
            for (int64_t q = 0; q < across.count; ++q)
                out[q] = with_tap(out[q], weights[q], row[cells[q]]);
        }
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_roi_align_scratch_bytes(int64_t w, int64_t rows, int64_t columns, int64_t samples) {
    if (w < 0 || rows < 0 || columns < 0 || samples < 0) return 0;
    return (size_t)(rows + columns) * 2 * (size_t)samples * (sizeof(int32_t) + sizeof(float)) +
           (size_t)w * sizeof(float);
}

pt_status pt_roi_align_cpu(
    float* pooled, void* scratch, const void* map, const float* rois, pt_dtype map_dtype,
    int64_t map_batch_stride, int64_t B, int64_t N, int64_t C, int64_t h, int64_t w, int64_t rows,
    int64_t columns, int64_t samples, float stride, float shift, float from_stride,
    float to_stride) {
    if (B < 0 || N < 0 || C < 0 || h < 0 || w < 0 || rows < 0 || columns < 0 || samples < 1)
        return PT_INVALID_ARGUMENT;
    const int64_t limit = std::numeric_limits<int32_t>::max();
    if (h > kMaxSide || w > kMaxSide || rows > limit / samples || columns > limit / samples)
        return PT_INVALID_ARGUMENT;
    if (map_dtype != PT_FLOAT32 || !(stride > 0.0f)) return PT_INVALID_ARGUMENT;
    const int64_t size = rows * columns;
    if (B == 0 || N == 0 || C == 0 || size == 0) return PT_OK;
    if (!pooled || !rois || !scratch || (h > 0 && w > 0 && !map)) return PT_INVALID_ARGUMENT;
    auto* cells = static_cast<int32_t*>(scratch);
    const int64_t taps = (rows + columns) * 2 * samples;
    auto* weights = reinterpret_cast<float*>(cells + taps);
    const Taps across = {cells, weights, columns, samples};
    const Taps down = {
        cells + columns * 2 * samples, weights + columns * 2 * samples, rows, samples};
    float* row = weights + taps; /* (w) */
    for (int64_t n = 0; n < B * N; ++n) {
        const float* roi = rois + 4 * n;
        if (!suits(roi, from_stride, to_stride)) continue;
        float* out = pooled + n * C * size;
        if (h == 0 || w == 0) {
            std::fill(out, out + C * size, 0.0f);
            continue;
        }
        const auto each = (int32_t)samples;
        const auto x_samples = (int32_t)(columns * samples), y_samples = (int32_t)(rows * samples);
        fill_taps(across, {roi[0], roi[2], stride, shift, (int32_t)w, each, x_samples});
        fill_taps(down, {roi[1], roi[3], stride, shift, (int32_t)h, each, y_samples});
        const auto range = std::minmax_element(cells, cells + columns * 2 * samples);
        const float* image = static_cast<const float*>(map) + n / N * map_batch_stride;
        for (int64_t c = 0; c < C; ++c)
            pool(
                out + c * size, row, image + c * h * w, across, down, *range.first,
                *range.second + 1, w);
    }
    return PT_OK;
}
