/* What every part of the C interface shares; include posetrack_kernels.h. */
#ifndef POSETRACK_BASE_H
#define POSETRACK_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define PT_API __declspec(dllexport)
#else
#define PT_API __attribute__((visibility("default")))
#endif

/* What every kernel returns. */
typedef int32_t pt_status;
#define PT_OK 0
#define PT_INVALID_ARGUMENT 1 /* a null pointer, a negative size, or an option out of range */
#define PT_CUDA_ERROR                                                  \
    2 /* CUDA refused a launch: this build has no code for the GPU, or \
         an earlier fault has ended its context */

/* Element type of a network's head. */
typedef int32_t pt_dtype;
#define PT_FLOAT32 0
#define PT_FLOAT16 1 /* CUDA only, unless an argument says otherwise */

/* Both twins of a kernel; `stream` is a cudaStream_t, NULL for the default one. */
#define PT_TWINS(name, ...)                   \
    PT_API pt_status name##_cpu(__VA_ARGS__); \
    PT_API pt_status name##_cuda(__VA_ARGS__, void* stream)

#endif
