/* Heads of float16 as floats, for loops that are vectorised over floats. */
#ifndef POSETRACK_CPU_WIDEN_H
#define POSETRACK_CPU_WIDEN_H

#include "../shared/check.h"

namespace posetrack {
namespace {

[[maybe_unused]] void widen(float* __restrict out, const Half* __restrict in, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[i] = to_float(in[i]);
}

[[maybe_unused]] void narrow(Half* __restrict out, const float* __restrict in, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[i] = to_half(in[i]);
}

/* `count` elements of a head from `first` on: where they lie or, of float16, widened to `room`. */
inline const float* floats_of(
    const void* head, pt_dtype dtype, int64_t first, int64_t count, float* room) {
    if (dtype == PT_FLOAT32) return static_cast<const float*>(head) + first;
    widen(room, static_cast<const Half*>(head) + first, count);
    return room;
}

}  // namespace
}  // namespace posetrack

#endif
