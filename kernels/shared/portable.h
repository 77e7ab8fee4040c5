/* What lets one formula compile for the host, for the device, and with NVRTC, which has no standard
 * headers.
 */
#ifndef POSETRACK_SHARED_PORTABLE_H
#define POSETRACK_SHARED_PORTABLE_H

#if defined(__CUDACC_RTC__)
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#else
#include <math.h>
#include <stdint.h>
#endif

#if defined(__CUDACC__)
#define PT_HD __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define PT_HD inline __attribute__((always_inline))
#else
#define PT_HD inline
#endif

namespace posetrack {

constexpr int64_t kMaxSide = 1 << 24; /* of a map: up to here float32 holds every index */

/* How many of N rows count in image b; without counts, all. */
template <typename Size>
PT_HD Size valid_rows(const int32_t* counts, int64_t b, Size N) {
    const Size count = counts ? counts[b] : N;
    return count < 0 ? 0 : count < N ? count : N;
}

/* Whether a number is that of a cell of a map. */
PT_HD bool is_cell(int64_t number, int64_t h, int64_t w) { return number >= 0 && number < h * w; }

/* How many of `found` values, highest first, lie above `min_value`, but `at_least` so many. */
PT_HD int64_t
leading_values(const float* values, int64_t found, float min_value, int64_t at_least) {
    int64_t count = at_least < found ? at_least : found;
    while (count < found && values[count] > min_value) ++count;
    return count;
}

union FloatBits {
    uint32_t bits;
    float value;
};

PT_HD float from_bits(uint32_t bits) {
    FloatBits number = {bits};
    return number.value;
}

PT_HD uint32_t bits_of(float value) {
    FloatBits number = {0};
    number.value = value;
    return number.bits;
}

union DoubleBits {
    uint64_t bits;
    double value;
};

PT_HD double double_from_bits(uint64_t bits) {
    DoubleBits number = {bits};
    return number.value;
}

PT_HD uint64_t bits_of(double value) {
    DoubleBits number = {0};
    number.value = value;
    return number.bits;
}

PT_HD double infinite() { return double_from_bits(0x7ff0000000000000u); }
PT_HD float positive_infinity() { return from_bits(0x7f800000u); }
PT_HD float lowest_float() { return -positive_infinity(); }
PT_HD float not_a_number() { return from_bits(0x7fc00000u); }
PT_HD bool is_nan(float x) { return x != x; }
PT_HD bool is_nan(double x) { return x != x; }
PT_HD bool is_finite(float x) { return x - x == 0.0f; }
PT_HD bool is_finite(double x) { return x - x == 0.0; }

/* a * b + c, rounded once. Where the CPU has no such instruction, the C library's function would
 * keep loops scalar. There the product is exact in double precision, and the sum is rounded to odd,
 * so that rounding it again gives the right float: Boldo and Melquiond, "Emulation of a FMA and
 * correctly rounded sums" (2008). Integers decide, because compilers vectorise these.
 */
#if defined(__CUDA_ARCH__) || defined(__CUDACC_RTC__) || defined(__FMA__) || defined(__aarch64__)
PT_HD float fused(float a, float b, float c) { return fmaf(a, b, c); }
#else
PT_HD float fused(float a, float b, float c) {
    const double product = (double)a * (double)b, sum = product + (double)c;
    const double added = sum - product; /* what of c went into the sum */
    const double rest = (product - (sum - added)) + ((double)c - added);
    const uint64_t one = 1, twice = bits_of(rest) << 1, exponent = bits_of(sum) & 0x7ffull << 52;
    const uint64_t finite = ~(exponent + (one << 52));
    const uint64_t inexact = ((twice | (0 - twice)) & finite) >> 63;
    const uint64_t beyond = (bits_of(rest) ^ bits_of(sum)) >> 63; /* farther from 0 than exact */
    return (float)double_from_bits((bits_of(sum) - (beyond & inexact)) | inexact);
}
#endif

/* The higher of two values; `best` where `value` is NaN. */
PT_HD float higher(float value, float best) { return value > best ? value : best; }

/* The higher and the lower of two values; NaN is passed on. */
PT_HD float higher_or_nan(float a, float b) { return b > a || is_nan(b) ? b : a; }
PT_HD float lower_or_nan(float a, float b) { return b < a || is_nan(b) ? b : a; }

/* A float16 as it lies in memory. */
struct Half {
    uint16_t bits;
};

PT_HD float to_float(float x) { return x; }

PT_HD float to_float(Half half) {
    const uint32_t sign = (uint32_t)(half.bits & 0x8000u) << 16;
    const uint32_t rest = (uint32_t)(half.bits & 0x7fffu) << 13;
    if (rest >= 0x0f800000u) return from_bits(sign | rest | 0x7f800000u); /* infinite, NaN */
    /* the shifted exponent is 127 - 15 too low; the product adds that, and normalises subnormals */
    return from_bits(sign | rest) * from_bits(0x77800000u);
}

/* The nearest float16, of two equally near ones the even one. Without a branch, so that loops over
 * it are vectorised.
 */
PT_HD Half to_half(float x) {
    const uint32_t sign = bits_of(x) >> 16 & 0x8000u, rest = bits_of(x) & 0x7fffffffu;
    /* the exponent falls by 127 - 15 and 13 bits are rounded off; a carry into it is right */
    const uint32_t normal = (rest - 0x38000000u + 0xfffu + (rest >> 13 & 1u)) >> 13;
    /* below 2^-14, adding a half rounds to multiples of 2^-24, the last bit of subnormal float16 */
    const uint32_t subnormal = bits_of(from_bits(rest) + 0.5f) - 0x3f000000u;
    uint32_t half = rest < 0x38800000u ? subnormal : normal;
    half = rest >= 0x47800000u ? 0x7c00u : half;
    half = rest > 0x7f800000u ? 0x7e00u : half;
    return {(uint16_t)(sign | half)};
}

/* Writes a value in the element type of an array. */
PT_HD void store_as(float* to, float value) { *to = value; }
PT_HD void store_as(Half* to, float value) { *to = to_half(value); }

/* The next lower whole number of a small one. Where the CPU has no such instruction, the C
 * library's function would keep loops scalar.
 */
#if defined(__CUDA_ARCH__) || defined(__CUDACC_RTC__) || defined(__SSE4_1__) || defined(__aarch64__)
PT_HD float small_floor(float x) { return floorf(x); }
#else
PT_HD float small_floor(float x) {
    const float whole = (float)(int32_t)x; /* rounded towards 0 */
    return whole > x ? whole - 1.0f : whole;
}
#endif

/* e^x for x <= 0, relative error below 2e-7, 0 below -87; the same bits on every device.
 *
 * x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, 2^n by exponent bits.
 */
PT_HD float exp_of_negative(float x) {
    const float clipped = x > -87.0f ? x : -87.0f;
    const float n = small_floor(clipped * 1.44269504f + 0.5f);
    const float r = (clipped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const float power = from_bits((uint32_t)((int32_t)n + 127) << 23);
    return x > -87.0f ? p * power : 0.0f;
}

/* e^x for x <= 0, relative error below 4e-16, 0 below -708.8 and of NaN; the same bits
 * on every device.
 *
 * As exp_of_negative, in double precision: degree 13. At -709 the power's bits are those of 0.
 */
PT_HD double exp_of_negative_double(double x) {
    const double clipped = x > -709.0 ? x : -709.0;
    const double n = floor(clipped * 1.4426950408889634 + 0.5);
    const double r = (clipped - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    return p * double_from_bits((uint64_t)((int32_t)n + 1023) << 52);
}

}  // namespace posetrack

#endif
