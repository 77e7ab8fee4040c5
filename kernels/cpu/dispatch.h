/* PT_CLONES: compile a function for several x86-64 levels and pick one when the library loads. */
#ifndef POSETRACK_CPU_DISPATCH_H
#define POSETRACK_CPU_DISPATCH_H

/* The loader picks clones before a sanitizer is ready, so builds with sanitizers have none. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(PT_NO_CLONES)
#define PT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PT_CLONES
#endif

/* Takes four lanes from two vectors of four by constant numbers: 0 to 3 are lanes of the first
 * vector, 4 to 7 those of the second.
 */
#if defined(__clang__)
#define PT_SHUFFLE4(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int PtLaneNumbers __attribute__((vector_size(16)));
#define PT_SHUFFLE4(a, b, ...) __builtin_shuffle(a, b, PtLaneNumbers{__VA_ARGS__})
#endif

#endif
