/* Vectors of 4, 8 or 16 floats, and loops over them compiled for the widest that the CPU has.
 *
 * PT_CLONES serves loops that the compiler vectorises alone; here the width is a number that a loop
 * can be written for: 16 with AVX-512, 8 with AVX2, 4 with SSE2 or on any other machine.
 */
#ifndef POSETRACK_CPU_LANES_H
#define POSETRACK_CPU_LANES_H

#include <cstdint>
#include <cstring>

#include "../shared/portable.h"

namespace posetrack {
namespace {

/* Floats, and as many numbers of lanes. */
template <int width>
struct Lanes;

template <>
struct Lanes<4> {
    typedef float Floats __attribute__((vector_size(16)));
    typedef int32_t Numbers __attribute__((vector_size(16)));
    typedef uint32_t Bits __attribute__((vector_size(16)));
};

template <>
struct Lanes<8> {
    typedef float Floats __attribute__((vector_size(32)));
    typedef int32_t Numbers __attribute__((vector_size(32)));
    typedef uint32_t Bits __attribute__((vector_size(32)));
};

template <>
struct Lanes<16> {
    typedef float Floats __attribute__((vector_size(64)));
    typedef int32_t Numbers __attribute__((vector_size(64)));
    typedef uint32_t Bits __attribute__((vector_size(64)));
};

/* Copies a vector from or to any address. Vectors are passed by reference: how they are passed by
 * value depends on the CPU's level.
 */
template <typename Vector, typename Element>
PT_HD void load(Vector& lanes, const Element* from) {
    std::memcpy(&lanes, from, sizeof lanes);
}

template <typename Vector, typename Element>
PT_HD void store(Element* to, const Vector& lanes) {
    std::memcpy(to, &lanes, sizeof lanes);
}

/* Whether `pick` is one permutation. Clang knows none by numbers that are not constant. */
template <int width>
constexpr bool permutes() {
#if defined(__clang__)
    return false;
#else
    return width > 4;
#endif
}

/* picked[i] = cells[numbers[i] - base]; no number is `width` or more above the base. */
template <int width>
PT_HD void pick(
    float* __restrict picked, const float* cells, const int32_t* numbers, int32_t base = 0) {
#if !defined(__clang__)
    if (permutes<width>()) {
        typename Lanes<width>::Floats from;
        typename Lanes<width>::Numbers lane;
        load(from, cells);
        load(lane, numbers);
        store(picked, __builtin_shuffle(from, lane - base));
        return;
    }
#endif
    for (int i = 0; i < width; ++i) picked[i] = cells[numbers[i] - base];
}

/* PT_WIDTHS(type, name, loop, parameters, arguments) defines the function `name`, which calls
 * `loop<16>`, `loop<8>` or `loop<4>`, a PT_HD template. Unlike clones, these are chosen by a plain
 * branch, so sanitizers see them too. PT_MAX_WIDTH, for tests, forbids wider ones.
 */
#ifndef PT_MAX_WIDTH
#define PT_MAX_WIDTH 16
#endif

#if defined(__x86_64__) && defined(__GNUC__)
inline int width_of_cpu() {
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (PT_MAX_WIDTH >= 16 && avx2 && avx512) return 16;
    return PT_MAX_WIDTH >= 8 && avx2 ? 8 : 4;
}

#define PT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define PT_AVX2 __attribute__((target("avx2,fma")))
#define PT_WIDTHS(type, name, loop, parameters, arguments)             \
    PT_AVX512 type name##_16 parameters { return loop<16> arguments; } \
    PT_AVX2 type name##_8 parameters { return loop<8> arguments; }     \
    type name##_4 parameters { return loop<4> arguments; }             \
    inline type name parameters {                                      \
        const int width = width_of_cpu();                              \
        if (width == 16) return name##_16 arguments;                   \
        return width == 8 ? name##_8 arguments : name##_4 arguments;   \
    }
#else
inline int width_of_cpu() { return 4; }
#define PT_WIDTHS(type, name, loop, parameters, arguments) \
    type name parameters { return loop<4> arguments; }
#endif

}  // namespace
}  // namespace posetrack

#endif
