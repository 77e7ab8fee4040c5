/* A map is read once, in chunks of whole rows. A chunk's highest logit is found, its sums are taken
 * relative to that, and merged with the sums of the chunks before.
 *
 * Sums within a chunk are float32, a few dozen terms per lane; beyond that they are float64. This
 * file is compiled with contraction (CMakeLists.txt), because no tie is decided here.
 *
 * Tried: weights added up in a plane (h, w), from which x and y are computed in the end. As fast
 * for volumes, a third slower for flat maps, and the plane displaces logits from the cache.
 */
#include "../shared/soft_argmax.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"
#include "../shared/heatmap_argmax.h"
#include "highest.h"

namespace posetrack {
namespace {

constexpr int64_t kChunk = 1024;
/* How many floats ahead memory is prefetched, and how many floats a cache line has. */
constexpr int64_t kAhead = 2 * kChunk, kLine = 16;

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

/* Prefetches logits, which arrive from memory while weights are computed. */
void prefetch(const float* logits, int64_t size) {
    for (int64_t i = 0; i < size; i += kLine) __builtin_prefetch(logits + i, 0, 1);
}

PT_CLONES void sum_weights(
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

Expectation sums_of_map(const float* logits, const Chunk& chunk, int64_t d, int64_t h, int64_t w) {
    const int64_t area = h * w, cells = d * area;
    Expectation sums = no_expectation();
    int64_t size = 0;
    for (int64_t start = 0; start < cells; start += size) {
        const int64_t z = start / area, at = start % area;
        const int64_t left = chunk.width < w ? w - at % w : area - at;
        size = std::min(chunk.size, left);
        if (start + kAhead + size <= cells) prefetch(logits + start + kAhead, size);
        const float highest = highest_of(logits + start, size);
        if (!has_weight(highest)) continue;
        CellSums local;
        sum_weights(&local, logits + start, highest, chunk.x, chunk.y, size);
        merge(&sums, counted_from(highest, local, at % w, at / w, z));
    }
    return sums;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_soft_argmax_scratch_bytes(int64_t B, int64_t K, int64_t d, int64_t h, int64_t w) {
    if (B < 0 || K < 0 || d < 0 || h < 0 || w < 0 || !map_fits(d, h, w)) return 0;
    return sizeof(Expectation) * (size_t)(B * K * part_count(d * h * w)); /* of the CUDA twin */
}

pt_status pt_soft_argmax_cpu(
    float* places, float* scores, void* scratch, const void* logits, pt_dtype logits_dtype,
    int64_t logits_batch_stride, int64_t B, int64_t K, int64_t d, int64_t h, int64_t w,
    int64_t dimensions) {
    if (B < 0 || K < 0 || d < 0 || h < 0 || w < 0) return PT_INVALID_ARGUMENT;
    if (logits_dtype != PT_FLOAT32 || dimensions < 2 || dimensions > 3) return PT_INVALID_ARGUMENT;
    if (!map_fits(d, h, w)) return PT_INVALID_ARGUMENT;
    if (B == 0 || K == 0) return PT_OK;
    const int64_t cells = d * h * w;
    if (!places || !scores || (cells > 0 && (!logits || !scratch))) return PT_INVALID_ARGUMENT;
    const Chunk chunk(h, std::max<int64_t>(1, w));
    for (int64_t i = 0; i < B * K; ++i) {
        Expectation sums = no_expectation();
        if (cells > 0) {
            const float* image = static_cast<const float*>(logits) + (i / K) * logits_batch_stride;
            sums = sums_of_map(image + (i % K) * cells, chunk, d, h, w);
        }
        place_and_score(places + i * dimensions, scores + i, sums, d, h, w, dimensions);
    }
    return PT_OK;
}
