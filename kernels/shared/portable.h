/* What lets one formula compile for the host and for the device. */
#ifndef POSETRACK_SHARED_PORTABLE_H
#define POSETRACK_SHARED_PORTABLE_H

#include <math.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define PT_HD __host__ __device__ __forceinline__
#else
#define PT_HD inline
#endif

namespace posetrack {

/* e^x for x <= 0, relative error below 2e-7, 0 below -87; the same bits on every device.
 *
 * x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, 2^n by exponent bits.
 */
PT_HD float exp_of_negative(float x) {
    const float clipped = x > -87.0f ? x : -87.0f;
    const float n = floorf(clipped * 1.44269504f + 0.5f);
    const float r = (clipped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    union {
        int32_t bits;
        float value;
    } power = {((int32_t)n + 127) << 23};
    return x > -87.0f ? p * power.value : 0.0f;
}

}  // namespace posetrack

#endif
