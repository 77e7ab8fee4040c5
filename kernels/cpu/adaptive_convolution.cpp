/* The channels of a cell are laid side by side first, with a frame of zeros around the map: a tap
 * is then a weighted sum of four short rows, and its product with the weights a product of small
 * dense matrices. Reading planes cell by cell would take four loads per channel and tap instead.
 * The fused multiply-adds of the formula are single instructions on x86-64-v3 and above, and calls
 * on older processors.
 */
#include "../shared/adaptive_convolution.h"

#include <algorithm>

#include "widen.h"

namespace posetrack {
namespace {

constexpr int64_t kLanes = 16;   /* input or output channels computed together */
constexpr int64_t kTogether = 6; /* cells computed together: a weight is loaded once for all */
constexpr int64_t kTileCells = 4 * kTogether;

int64_t padded(int64_t channels) { return (channels + kLanes - 1) / kLanes * kLanes; }

/* Sizes, and the parts of the scratch. */
struct Work {
    int64_t cin, cout, h, w;
    int64_t C, K;       /* padded cin, kTaps * C */
    float* cells;       /* (h + 2, w + 2, C) */
    float* weights;     /* (padded cout / kLanes, K, kLanes) */
    float* taps;        /* (kTileCells, K) */
    float* sums;        /* (kTileCells, kLanes) */
    float* x;           /* (cin, h, w) float16 heads of an image as floats: so are the two below */
    float* matrix;      /* (4, h, w) */
    float* translation; /* (2, h, w) */

    Work(
        Scratch& scratch, pt_dtype dtype, int64_t inputs, int64_t outputs, int64_t rows,
        int64_t columns)
        : cin(inputs),
          cout(outputs),
          h(rows),
          w(columns),
          C(padded(inputs)),
          K(kTaps * C),
          cells(scratch.take<float>({h + 2, w + 2, C})),
          weights(scratch.take<float>({padded(outputs), K})),
          taps(scratch.take<float>({kTileCells, K})),
          sums(scratch.take<float>({kTileCells, kLanes})),
          x(scratch.take<float>({if_half(dtype, cin), h, w})),
          matrix(scratch.take<float>({if_half(dtype, 4), h, w})),
          translation(scratch.take<float>({if_half(dtype, 2), h, w})) {}
};

/* (cin, h, w) planes -> (h, w) rows of channels in a frame of zeros. */
void fill_cells(const Work& work, const float* __restrict x) {
    const int64_t area = work.h * work.w, C = work.C;
    std::fill(work.cells, work.cells + (work.h + 2) * (work.w + 2) * C, 0.0f);
    for (int64_t row = 0; row < work.h; ++row) {
        float* __restrict cells = work.cells + ((row + 1) * (work.w + 2) + 1) * C;
        for (int64_t first = 0; first < work.cin; first += kLanes) {
            const int64_t end = std::min(first + kLanes, work.cin);
            for (int64_t column = 0; column < work.w; ++column)
                for (int64_t c = first; c < end; ++c)
                    cells[column * C + c] = x[c * area + row * work.w + column];
        }
    }
}

void fill_weights(const Work& work, const float* weight) {
    std::fill(work.weights, work.weights + padded(work.cout) * work.K, 0.0f);
    for (int64_t o = 0; o < work.cout; ++o) {
        float* weights = work.weights + o / kLanes * work.K * kLanes + o % kLanes;
        for (int64_t c = 0; c < work.cin; ++c)
            for (int64_t tap = 0; tap < kTaps; ++tap)
                weights[(tap * work.C + c) * kLanes] = weight[(o * work.cin + c) * kTaps + tap];
    }
}

/* All channels of a tap from the four cells around it; rows of cells lie `down` floats apart. */
PT_HD void fill_tap(
    float* __restrict out, const float* __restrict cells, int64_t C, int64_t down,
    const float* shares) {
    const float* __restrict below = cells + down;
    const float parts[4] = {shares[0], shares[1], shares[2], shares[3]};
#pragma omp simd
    for (int64_t c = 0; c < C; ++c)
        out[c] = value_between(parts, cells[c], cells[C + c], below[c], below[C + c]);
}

/* (kTogether, K) taps times (K, kLanes) weights. */
void multiply(
    float* __restrict sums, const float* __restrict taps, const float* __restrict weights,
    int64_t K) {
    float total[kTogether][kLanes] = {};
    for (int64_t k = 0; k < K; ++k)
        for (int64_t i = 0; i < kTogether; ++i)
#pragma omp simd
            for (int64_t l = 0; l < kLanes; ++l)
                total[i][l] = add_tap(total[i][l], weights[k * kLanes + l], taps[i * K + k]);
    for (int64_t i = 0; i < kTogether; ++i)
        for (int64_t l = 0; l < kLanes; ++l) sums[i * kLanes + l] = total[i][l];
}

/* Writes (count, kLanes) sums to the planes of `lanes` output channels. */
void store(
    float* __restrict out, const float* __restrict sums, int64_t count, int64_t lanes,
    int64_t area) {
    for (int64_t l = 0; l < lanes; ++l)
        for (int64_t i = 0; i < count; ++i) out[l * area + i] = sums[i * kLanes + l];
}

/* Taps of the cells [first, end). */
void fill_taps(
    const Work& work, const float* matrix, const float* translation, int64_t first, int64_t end,
    float spacing) {
    const int64_t area = work.h * work.w, down = (work.w + 2) * work.C;
    for (int64_t cell = first; cell < end; ++cell) {
        const float* m = matrix + cell;
        Affine affine{m[0], m[area], m[2 * area], m[3 * area], 0.0f, 0.0f};
        if (translation) {
            affine.y = translation[cell];
            affine.x = translation[area + cell];
        }
        float* taps = work.taps + (cell - first) * work.K;
        for (int tap = 0; tap < kTaps; ++tap, taps += work.C) {
            const Corners at =
                corners_of(affine, tap, cell / work.w, cell % work.w, work.h, work.w, spacing);
            if (at.inside)
                fill_tap(
                    taps, work.cells + (at.row + 1) * down + (at.column + 1) * work.C, work.C, down,
                    at.shares);
            else
                for (int64_t c = 0; c < work.C; ++c) taps[c] = 0.0f;
        }
    }
}

void convolve(
    const Work& work, float* out, const float* matrix, const float* translation, float spacing) {
    const int64_t area = work.h * work.w;
    for (int64_t first = 0; first < area; first += kTileCells) {
        const int64_t count = std::min(kTileCells, area - first);
        fill_taps(work, matrix, translation, first, first + count, spacing);
        for (int64_t o = 0; o < work.cout; o += kLanes) {
            for (int64_t i = 0; i < count; i += kTogether)
                multiply(
                    work.sums + i * kLanes, work.taps + i * work.K, work.weights + o * work.K,
                    work.K);
            const int64_t lanes = std::min(kLanes, work.cout - o);
            store(out + o * area + first, work.sums, count, lanes, area);
        }
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_adaptive_convolution_scratch_bytes_cpu(
    pt_dtype dtype, int64_t cin, int64_t cout, int64_t h, int64_t w) {
    if (check_adaptive_convolution_sizes(cin, cout, h, w)) return -1;
    return scratch_bytes<Work>(dtype, cin, cout, h, w);
}

pt_status pt_adaptive_convolution_cpu(
    float* out, void* scratch, int64_t scratch_bytes, const void* x, const void* matrix,
    const void* translation, const float* weight, pt_dtype dtype, int64_t x_batch_stride,
    int64_t matrix_batch_stride, int64_t translation_batch_stride, int64_t B, int64_t cin,
    int64_t cout, int64_t h, int64_t w, float spacing) {
    const int64_t needed = pt_adaptive_convolution_scratch_bytes_cpu(dtype, cin, cout, h, w);
    if (auto status = check_adaptive_convolution(
            out, scratch, scratch_bytes, needed, x, matrix, translation, weight, dtype,
            x_batch_stride, matrix_batch_stride, translation_batch_stride, B, cin, cout, h, w))
        return status;
    const int64_t area = h * w;
    if (B == 0 || cout == 0 || area == 0) return PT_OK;
    const auto work = lay_out<Work>(scratch, dtype, cin, cout, h, w);
    fill_weights(work, weight);
    std::fill(work.taps, work.taps + kTileCells * work.K, 0.0f);
    for (int64_t b = 0; b < B; ++b) {
        const float* moved = nullptr;
        if (translation)
            moved = floats_of(
                translation, dtype, b * translation_batch_stride, 2 * area, work.translation);
        if (cin > 0) fill_cells(work, floats_of(x, dtype, b * x_batch_stride, cin * area, work.x));
        convolve(
            work, out + b * cout * area,
            floats_of(matrix, dtype, b * matrix_batch_stride, 4 * area, work.matrix), moved,
            spacing);
    }
    return PT_OK;
}
