/* PT_CLONES: compile a function for several x86-64 levels and pick one when the library loads. */
#ifndef POSETRACK_CPU_DISPATCH_H
#define POSETRACK_CPU_DISPATCH_H

/* The loader's resolvers run before a sanitizer is ready, so its build goes without. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(PT_NO_CLONES)
#define PT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PT_CLONES
#endif

#endif
