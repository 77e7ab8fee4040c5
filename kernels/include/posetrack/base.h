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

/* The number of this interface. Any change to it that a program compiled before could notice counts
 * it up. It is part of the libraries' names, libposetrack_cpu.so.N, so that a program never gets
 * another.
 */
#define PT_ABI_VERSION 1

/* What every kernel returns. */
typedef int32_t pt_status;
#define PT_OK 0
#define PT_INVALID_ARGUMENT 1 /* the last error names the argument */
#define PT_CUDA_ERROR 2       /* CUDA refused something; the last error says what */

/* Element type of a network's head. */
typedef int32_t pt_dtype;
#define PT_FLOAT32 0
#define PT_FLOAT16 1

/* Both twins of a kernel; `stream` is a cudaStream_t, NULL for the default one. */
#define PT_TWINS(name, ...)                   \
    PT_API pt_status name##_cpu(__VA_ARGS__); \
    PT_API pt_status name##_cuda(__VA_ARGS__, void* stream)

/* How many bytes of scratch each twin of a kernel needs; -1 if a size is out of range. */
#define PT_SCRATCH(name, ...)                             \
    PT_API int64_t name##_scratch_bytes_cpu(__VA_ARGS__); \
    PT_API int64_t name##_scratch_bytes_cuda(__VA_ARGS__)

/* The same for what works on the host alone. */
#define PT_HOST(name, ...) PT_API pt_status name##_cpu(__VA_ARGS__)
#define PT_HOST_SCRATCH(name, ...) PT_API int64_t name##_scratch_bytes_cpu(__VA_ARGS__)

#ifdef __cplusplus
extern "C" {
#endif

/* PT_ABI_VERSION of the library that is loaded. */
PT_API int32_t pt_abi_version_cpu(void);
PT_API int32_t pt_abi_version_cuda(void);

/* Why this thread's last call that failed did so, "" at first: the name of the argument
 * comes first, or it is what CUDA says. The text stands until the next one fails.
 */
PT_API const char* pt_last_error_cpu(void);
PT_API const char* pt_last_error_cuda(void);

/* Loads every CUDA kernel onto the current device. Otherwise a kernel's first launch does, which
 * CUDA forbids while that launch is being captured into a graph. Call it once before the first
 * capture on a device.
 */
PT_API pt_status pt_warm_up_cuda(void);

#ifdef __cplusplus
}
#endif

#endif
