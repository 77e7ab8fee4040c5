/* The highest cell of a map, by vectorised loops. */
#ifndef POSETRACK_CPU_HIGHEST_H
#define POSETRACK_CPU_HIGHEST_H

#include <algorithm>

#include "../shared/heatmap_argmax.h"
#include "dispatch.h"

namespace posetrack {
namespace {

/* The highest value without NaN; -infinity where there is no other. */
PT_CLONES float highest_of(const float* __restrict values, int64_t size) {
    float best = lowest_float();
#pragma omp simd reduction(max : best)
    for (int64_t i = 0; i < size; ++i) best = higher(values[i], best);
    return best;
}

/* Chunks are long enough for vectors, and short enough to be searched once more for the cell. */
inline Highest highest_cell(const float* map, int64_t size) {
    constexpr int64_t kChunk = 512;
    float best = lowest_float();
    int64_t first = 0;
    for (int64_t at = 0; at < size; at += kChunk) {
        const float value = highest_of(map + at, std::min(kChunk, size - at));
        if (value > best) {
            best = value;
            first = at;
        }
    }
    /* begins at the map's start where nothing is above -infinity */
    while (first < size && map[first] != best) ++first;
    return first < size ? Highest{(int32_t)first, best} : no_cell();
}

}  // namespace
}  // namespace posetrack

#endif
