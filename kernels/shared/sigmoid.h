/* The logistic function. */
#ifndef POSETRACK_SHARED_SIGMOID_H
#define POSETRACK_SHARED_SIGMOID_H

#include "check.h"

namespace posetrack {

/* 1 / (1 + e^-x) by e^-|x|, which never overflows. Without a branch, so that loops over it are
 * vectorised.
 */
PT_HD float sigmoid_of(float x) {
    const float power = exp_of_negative(x > 0.0f ? -x : x);
    const float share = (x > 0.0f ? 1.0f : power) / (1.0f + power);
    return is_nan(x) ? x : share;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_sigmoid(
    const float* activated, const void* heads, pt_dtype heads_dtype, int64_t heads_batch_stride,
    int64_t B, int64_t C, int64_t h, int64_t w) {
    return Check()
        .sizes({{"B", B}, {"C", C}, {"h", h}, {"w", w}})
        .array("activated", activated, {B, C, h, w})
        .head("heads", heads, heads_dtype, heads_batch_stride, {B, C, h, w})
        .status();
}
#endif

}  // namespace posetrack

#endif
