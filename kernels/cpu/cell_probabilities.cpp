#include "../shared/cell_probabilities.h"

#include <algorithm>

#include "highest.h"
#include "widen.h"

namespace posetrack {
namespace {

/* The shares of up to kShareLanes cells, each added to its lane. */
void add_shares(
    float* __restrict lanes, float* __restrict shares, const float* __restrict cells, float highest,
    int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        shares[i] = share_of_highest(cells[i], highest);
        lanes[i] += shares[i];
    }
}

float sum_of(float* lanes) {
    for (int32_t half = kShareLanes / 2; half > 0; half /= 2)
        for (int32_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    return lanes[0];
}

void divide(float* values, float divisor, int64_t size) {
    for (int64_t i = 0; i < size; ++i) values[i] /= divisor;
}

void fill_probabilities(float* probabilities, const float* map, int64_t size) {
    float lanes[kShareLanes] = {};
    const float highest = highest_of(map, size);
    for (int64_t at = 0; at < size; at += kShareLanes)
        add_shares(
            lanes, probabilities + at, map + at, highest,
            std::min<int64_t>(kShareLanes, size - at));
    divide(probabilities, sum_of(lanes), size);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_cell_probabilities_scratch_bytes_cpu(pt_dtype maps_dtype, int64_t h, int64_t w) {
    if (check_cell_probabilities_sizes(h, w)) return -1;
    return scratch_bytes<WidenedMap>(maps_dtype, h, w);
}

pt_status pt_cell_probabilities_cpu(
    float* probabilities, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w) {
    const int64_t needed = pt_cell_probabilities_scratch_bytes_cpu(maps_dtype, h, w);
    if (auto status = check_cell_probabilities(
            probabilities, scratch, scratch_bytes, needed, maps, maps_dtype, maps_batch_stride, B,
            C, h, w))
        return status;
    const auto working = lay_out<WidenedMap>(scratch, maps_dtype, h, w);
    const int64_t area = h * w;
    for (int64_t i = 0; i < B * C; ++i) {
        const int64_t first = i / C * maps_batch_stride + i % C * area;
        const float* map = floats_of(maps, maps_dtype, first, area, working.cells);
        fill_probabilities(probabilities + i * area, map, area);
    }
    return PT_OK;
}
