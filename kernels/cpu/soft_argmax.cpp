/* A map is read once, in chunks of whole rows. A chunk's sums are taken relative to the highest
 * logit of the chunks before, while its own is found; if that is higher, they are taken again. In
 * small maps, where this is often so, a chunk's highest logit is found first.
 *
 * Sums within a chunk are float32, a few dozen terms per lane; beyond that they are float64. This
 * file is compiled with contraction (CMakeLists.txt), because no tie is decided here.
 *
 * Tried: weights added up in a plane (h, w), from which x and y are computed in the end: as fast
 * for volumes, a third slower for flat maps, and the plane displaces logits from the cache; added
 * up in one row: 4 % slower. Logits prefetched two chunks ahead: a tenth slower.
 */
#include "../shared/soft_argmax.h"

#include <algorithm>

#include "../shared/heatmap_argmax.h"
#include "highest.h"
#include "lanes.h"
#include "widen.h"

namespace posetrack {
namespace {

constexpr int64_t kChunk = 1024;
/* Of cells: in smaller maps a chunk's highest logit is more often a new one. */
constexpr int64_t kLarge = 16 * kChunk;

/* Whole rows, or a piece of a row that is longer than a chunk; made once for all maps of a call. */
struct Chunk {
    int64_t width, size;
    float x[kChunk], y[kChunk]; /* coordinates of the cells, counted from the chunk's first */

    Chunk(int64_t h, int64_t w)
        : width(std::min(w, kChunk)), size(width * std::min(h, std::max<int64_t>(1, kChunk / w))) {
        for (int64_t i = 0; i < size; i += width)
            for (int64_t j = 0; j < width; ++j) {
                x[i + j] = (float)(int32_t)j;
                y[i + j] = (float)(int32_t)(i / width);
            }
    }
};

void sum_weights(
    CellSums* __restrict sums, const float* __restrict logits, float highest,
    const float* __restrict xs, const float* __restrict ys, int64_t size) {
    float total = 0.0f, x = 0.0f, y = 0.0f;
#pragma omp simd reduction(+ : total, x, y)
    for (int64_t i = 0; i < size; ++i) {
        const float weight = softmax_weight(logits[i], highest);
        total += weight;
        x += weight * xs[i];
        y += weight * ys[i];
    }
    *sums = {total, x, y, 0.0f};
}

/* softmax_weight below a finite highest logit, lane by lane; `limit` is -125. */
PT_HD void weigh(Floats& weight, const Floats& logit, float highest, float limit) {
    const Floats lowest = Floats{} + limit, power = (logit - highest) * 1.44269504f;
    const Floats t = power > lowest ? power : lowest; /* NaN too becomes the lowest */
    const Floats rounded = t + 12582912.0f;
    const Floats f = t - (rounded - 12582912.0f);
    Floats p;
    power_of_two(p, f);
    weight = (Floats)((Bits)p + ((Bits)rounded << 23));
}

/* Sums of whole rows, relative to a finite `highest`. Returns the highest logit; if it is higher
 * than `highest`, the sums mean nothing. The number of columns must be a multiple of kWidth.
 */
float sum_rows(
    CellSums* __restrict sums, const float* __restrict logits, float highest,
    const float* __restrict xs, int64_t columns, int64_t size) {
    const float limit = xs[0] - 125.0f; /* beside a constant, the compiler finds no maximum */
    Floats total = {}, x = {}, y = {}, best = Floats{} + highest;
    float row = 0.0f;
    for (int64_t at = 0; at < size; at += columns, row += 1.0f) {
        Floats row_total = {};
        for (int64_t j = 0; j < columns; j += kWidth) {
            Floats logit, weight, place;
            load(logit, logits + at + j);
            load(place, xs + j);
            best = logit > best ? logit : best;
            weigh(weight, logit, highest, limit);
            row_total = row_total + weight;
            x = x + weight * place;
        }
        total = total + row_total;
        y = y + row_total * row;
    }
    *sums = no_cells();
    float found = highest;
    for (int i = 0; i < kWidth; ++i) {
        sums->total += total[i];
        sums->x += x[i];
        sums->y += y[i];
        found = higher(best[i], found);
    }
    return found;
}

Expectation sums_of_map(const float* logits, const Chunk& chunk, int64_t d, int64_t h, int64_t w) {
    const int64_t area = h * w, cells = d * area;
    const bool in_lanes = w == chunk.width && w % kWidth == 0;
    Expectation sums = no_expectation();
    int64_t size = 0;
    for (int64_t start = 0; start < cells; start += size) {
        const int64_t z = start / area, at = start % area;
        const int64_t left = chunk.width < w ? w - at % w : area - at;
        const float* first = logits + start;
        size = std::min(chunk.size, left);
        CellSums local;
        float highest = sums.highest;
        const bool known = has_weight(highest) && highest < positive_infinity();
        if (in_lanes && known && cells >= kLarge) {
            const float found = sum_rows(&local, first, highest, chunk.x, w, size);
            if (found == highest) {
                add(&sums, counted_from(highest, local, at % w, at / w, z));
                continue;
            }
            highest = found;
        } else {
            highest = highest_of(first, size);
        }
        if (!has_weight(highest)) continue;
        if (in_lanes && highest < positive_infinity())
            sum_rows(&local, first, highest, chunk.x, w, size);
        else
            sum_weights(&local, first, highest, chunk.x, chunk.y, size);
        merge(&sums, counted_from(highest, local, at % w, at / w, z));
    }
    return sums;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_soft_argmax_scratch_bytes_cpu(
    pt_dtype logits_dtype, int64_t B, int64_t K, int64_t d, int64_t h, int64_t w) {
    if (check_soft_argmax_sizes(B, K, d, h, w)) return -1;
    return scratch_bytes<ExpectedOnCpu>(logits_dtype, d, h, w);
}

pt_status pt_soft_argmax_cpu(
    float* places, float* scores, void* scratch, int64_t scratch_bytes, const void* logits,
    pt_dtype logits_dtype, int64_t logits_batch_stride, int64_t B, int64_t K, int64_t d, int64_t h,
    int64_t w, int64_t dimensions) {
    const int64_t needed = pt_soft_argmax_scratch_bytes_cpu(logits_dtype, B, K, d, h, w);
    if (auto status = check_soft_argmax(
            places, scores, scratch, scratch_bytes, needed, logits, logits_dtype,
            logits_batch_stride, B, K, d, h, w, dimensions))
        return status;
    const auto working = lay_out<ExpectedOnCpu>(scratch, logits_dtype, d, h, w);
    const int64_t cells = d * h * w;
    const Chunk chunk(h, std::max<int64_t>(1, w));
    for (int64_t i = 0; i < B * K; ++i) {
        Expectation sums = no_expectation();
        if (cells > 0) {
            const int64_t first = i / K * logits_batch_stride + i % K * cells;
            const float* map = floats_of(logits, logits_dtype, first, cells, working.widened);
            sums = sums_of_map(map, chunk, d, h, w);
        }
        place_and_score(places + i * dimensions, scores + i, sums, d, h, w, dimensions);
    }
    return PT_OK;
}
