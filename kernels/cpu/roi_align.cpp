/* Rows of the map are blended into one first, from the RoI's first column to its last, and then the
 * columns of that row. Padding both to whole vectors was tried and gained nothing.
 */
#include "../shared/roi_align.h"

#include <algorithm>

#include "widen.h"

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
template <typename Head>
void pool(
    float* __restrict pooled, float* __restrict row, const Head* __restrict plane,
    const Taps& across, const Taps& down, int64_t first, int64_t end, int64_t w) {
    for (int64_t r = 0; r < down.count; ++r) {
        for (int64_t x = first; x < end; ++x) row[x] = 0.0f;
        for (int64_t t = 0; t < 2 * down.samples; ++t) {
            const float weight = down.weights[t * down.count + r];
            const Head* __restrict source = plane + down.cells[t * down.count + r] * w;
            if (weight == 0.0f) continue;
            for (int64_t x = first; x < end; ++x)
                row[x] = with_tap(row[x], weight, to_float(source[x]));
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

/* Working memory of one RoI. */
struct Working {
    Taps across, down;
    float* row;  /* (w) */
    float* grid; /* (rows, columns) of a channel, for float16 results */

    Working(Scratch& scratch, int64_t w, int64_t rows, int64_t columns, int64_t samples)
        : across(taps(scratch, columns, samples)),
          down(taps(scratch, rows, samples)),
          row(scratch.take<float>({w})),
          grid(scratch.take<float>({rows, columns})) {}

    static Taps taps(Scratch& scratch, int64_t count, int64_t samples) {
        auto* cells = scratch.take<int32_t>({2, samples, count});
        return {cells, scratch.take<float>({2, samples, count}), count, samples};
    }
};

/* How the pixels of the input lie on a map of (C, h, w). */
struct Cells {
    int64_t C, h, w;
    float stride, shift;
};

/* All channels of one RoI. */
template <typename Head>
void pool_roi(
    void* pooled, pt_dtype pooled_dtype, int64_t at, const Working& working, const Head* map,
    const float* roi, const Cells& cells) {
    const Taps &across = working.across, &down = working.down;
    const auto samples = (int32_t)across.samples;
    fill_taps(
        across, {roi[0], roi[2], cells.stride, cells.shift, (int32_t)cells.w, samples,
                 (int32_t)across.count * samples});
    fill_taps(
        down, {roi[1], roi[3], cells.stride, cells.shift, (int32_t)cells.h, samples,
               (int32_t)down.count * samples});
    const auto range =
        std::minmax_element(across.cells, across.cells + across.count * 2 * across.samples);
    const int64_t size = down.count * across.count;
    const bool half = pooled_dtype == PT_FLOAT16;
    for (int64_t c = 0; c < cells.C; ++c, at += size) {
        float* grid = half ? working.grid : static_cast<float*>(pooled) + at;
        pool(
            grid, working.row, map + c * cells.h * cells.w, across, down, *range.first,
            *range.second + 1, cells.w);
        if (half) narrow(static_cast<Half*>(pooled) + at, grid, size);
    }
}

/* Sets elements to 0. */
void clear(void* pooled, pt_dtype dtype, int64_t at, int64_t count) {
    const auto size = (int64_t)(dtype == PT_FLOAT16 ? sizeof(Half) : sizeof(float));
    std::fill_n(static_cast<unsigned char*>(pooled) + at * size, count * size, (unsigned char)0);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_roi_align_scratch_bytes_cpu(int64_t w, int64_t rows, int64_t columns, int64_t samples) {
    if (check_roi_grid(w, rows, columns, samples).status()) return -1;
    return scratch_bytes<Working>(w, rows, columns, samples);
}

pt_status pt_roi_align_cpu(
    void* pooled, void* scratch, int64_t scratch_bytes, const void* map, const float* rois,
    const int32_t* counts, pt_dtype pooled_dtype, pt_dtype map_dtype, int64_t map_batch_stride,
    int64_t B, int64_t N, int64_t C, int64_t h, int64_t w, int64_t rows, int64_t columns,
    int64_t samples, float stride, float shift, float from_stride, float to_stride) {
    const int64_t needed = pt_roi_align_scratch_bytes_cpu(w, rows, columns, samples);
    if (auto status = check_roi_align(
            pooled, scratch, scratch_bytes, needed, map, rois, counts, pooled_dtype, map_dtype,
            map_batch_stride, B, N, C, h, w, rows, columns, samples, stride))
        return status;
    const int64_t size = C * rows * columns;
    if (size == 0) return PT_OK;
    const auto working = lay_out<Working>(scratch, w, rows, columns, samples);
    const Cells cells = {C, h, w, stride, shift};
    for (int64_t n = 0; n < B * N; ++n) {
        const int64_t b = n / N;
        const float* roi = rois + 4 * n;
        const bool counted = n % N < valid_rows(counts, b, N);
        if (counted && !suits(roi, from_stride, to_stride)) continue;
        if (!counted || h == 0 || w == 0) {
            clear(pooled, pooled_dtype, n * size, size);
            continue;
        }
        with_head(map_dtype, [&](auto type) {
            const auto* image = static_cast<const decltype(type)*>(map) + b * map_batch_stride;
            pool_roi(pooled, pooled_dtype, n * size, working, image, roi, cells);
        });
    }
    return PT_OK;
}
