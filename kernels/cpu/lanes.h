/* Vectors of 4, 8 or 16 floats, and loops over them compiled for the widest that the CPU has.
 *
 * serves loops that the compiler vectorises alone; here the width is a number that a loop
 * can be written for: 16 with AVX-512, 8 with AVX2, 4 with SSE2 or on any other machine.
 */
#ifndef POSETRACK_CPU_LANES_H
#define POSETRACK_CPU_LANES_H

#include <cstdint>
#include <cstring>

#include "../shared/portable.h"

#if defined(__AVX2__) && defined(__clang__)
#include <immintrin.h>
#endif

namespace posetrack {
namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX2__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4; /* SSE2, and machines other than x86-64 */
#endif

/* kWidth floats, and as many numbers of lanes. */
typedef float Floats __attribute__((vector_size(4 * kWidth)));
typedef int32_t Numbers __attribute__((vector_size(4 * kWidth)));
typedef uint32_t Bits __attribute__((vector_size(4 * kWidth)));

/* Copies a vector from or to any address. */
template <typename Vector, typename Element>
PT_HD void load(Vector& lanes, const Element* from) {
    std::memcpy(&lanes, from, sizeof lanes);
}

template <typename Vector, typename Element>
PT_HD void store(Element* to, const Vector& lanes) {
    std::memcpy(to, &lanes, sizeof lanes);
}

constexpr bool kPermutes = kWidth > 4; /* whether `pick` is one permutation */

/* lanes[i] = lanes[numbers[i]] */
PT_HD void permute(Floats& lanes, const Numbers& numbers) {
#if !defined(__clang__)
    lanes = __builtin_shuffle(lanes, numbers);
#elif defined(__AVX512F__)
    lanes = (Floats)_mm512_permutexvar_ps((__m512i)numbers, lanes);
#elif defined(__AVX2__)
    lanes = (Floats)_mm256_permutevar8x32_ps(lanes, (__m256i)numbers);
#else
    const Floats from = lanes;
    for (int i = 0; i < kWidth; ++i) lanes[i] = from[numbers[i]];
#endif
}

/* picked[i] = cells[numbers[i] - base]; no number is kWidth or more above the base. */
PT_HD void pick(
    float* __restrict picked, const float* cells, const int32_t* numbers, int32_t base = 0) {
    if (!kPermutes) {
        for (int i = 0; i < kWidth; ++i) picked[i] = cells[numbers[i] - base];
        return;
    }
    Floats lanes;
    Numbers from;
    load(lanes, cells);
    load(from, numbers);
    permute(lanes, from - base);
    store(picked, lanes);
}

}  // namespace
}  // namespace posetrack

#endif
