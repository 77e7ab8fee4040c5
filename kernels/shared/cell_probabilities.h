/* The softmax of a map over its cells. */
#ifndef POSETRACK_SHARED_CELL_PROBABILITIES_H
#define POSETRACK_SHARED_CELL_PROBABILITIES_H

#include "scratch.h"

namespace posetrack {

/* Lanes that a map is added up in: vectors on the CPU, a block's threads on a GPU. */
constexpr int32_t kShareLanes = 256;

/* e^(value - highest): a cell's share by that of the highest one. NaN stays, and is all that
 * infinity gives.
 */
PT_HD float share_of_highest(float value, float highest) {
    const float below = value - highest;
    return is_nan(below) ? below : exp_of_negative(below);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_cell_probabilities_sizes(int64_t h, int64_t w) {
    return Check().sizes({{"h", h}, {"w", w}}).status();
}

inline pt_status check_cell_probabilities(
    const float* probabilities, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C,
    int64_t h, int64_t w) {
    if (auto status = check_cell_probabilities_sizes(h, w)) return status;
    return Check()
        .sizes({{"B", B}, {"C", C}})
        .array("probabilities", probabilities, {B, C, h, w})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, C, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
