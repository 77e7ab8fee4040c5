/* One cell of the mean of a head and of the flipped image's head. */
#ifndef POSETRACK_SHARED_MERGE_FLIPPED_H
#define POSETRACK_SHARED_MERGE_FLIPPED_H

#include "scratch.h"

namespace posetrack {

/* A value of the flipped image's head, flipped back. */
PT_HD float turned(float value, float sign, float constant) { return constant + sign * value; }

PT_HD float mean_of_two(float a, float b) { return (a + b) * 0.5f; }

/* The column of the flipped image's head that belongs to column x. */
PT_HD int64_t flipped_column(int64_t x, int64_t w, int64_t shift) {
    return w - 1 - (x < shift ? x : x - shift);
}

#if !defined(__CUDACC_RTC__)
/* A row of each head as floats, if the heads are float16. Only the CPU twin needs it. */
struct FlipScratch {
    float *straight, *flipped;

    FlipScratch(Scratch& scratch, pt_dtype dtype, int64_t w)
        : straight(scratch.take<float>({if_half(dtype, w)})),
          flipped(scratch.take<float>({if_half(dtype, w)})) {}
};

inline pt_status check_merge_flipped(
    const float* merged, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const void* straight, const void* flipped, const int32_t* order, const float* sign,
    const float* constant, pt_dtype dtype, int64_t straight_batch_stride,
    int64_t flipped_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w, int64_t shift) {
    return Check()
        .sizes({{"B", B}, {"C", C}, {"h", h}, {"w", w}})
        .that(shift >= 0, "shift must be at least 0")
        .that(!sign == !constant, "sign and constant must be given both or neither")
        .array("merged", merged, {B, C, h, w})
        .head("straight", straight, dtype, straight_batch_stride, {B, C, h, w})
        .head("flipped", flipped, dtype, flipped_batch_stride, {B, C, h, w})
        .array("order", order, {C})
        .optional("sign", sign, {C})
        .optional("constant", constant, {C})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
