/* The highest cell of a map, by vectorised loops. */
#ifndef POSETRACK_CPU_HIGHEST_H
#define POSETRACK_CPU_HIGHEST_H

#include <algorithm>

#include "../shared/heatmap_argmax.h"
#include "lanes.h"

namespace posetrack {
namespace {

/* The highest value without NaN; -infinity where there is no other. In lanes, because clang knows
 * no maximum that skips NaN.
 */
inline float highest_of(const float* values, int64_t size) {
    Floats lanes = Floats{} + lowest_float();
    int64_t i = 0;
    for (; i + kWidth <= size; i += kWidth) {
        Floats given;
        load(given, values + i);
        lanes = given > lanes ? given : lanes;
    }
    float best = lowest_float();
    for (int l = 0; l < kWidth; ++l) best = higher(lanes[l], best);
    for (; i < size; ++i) best = higher(values[i], best);
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
