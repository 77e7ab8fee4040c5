/* How a CUDA twin starts its grids: the only place that knows CUDA's host side.
 *
 * NVRTC compiles device code alone and gets none of this. The tests' build for machines without
 * CUDA defines PT_CUDA_HEADER, a stand-in that runs grids on the host.
 */
#ifndef POSETRACK_CUDA_LAUNCH_CUH
#define POSETRACK_CUDA_LAUNCH_CUH

#include "../shared/portable.h"

#if !defined(PT_CUDA_HEADER)
/* Shared memory whose size is given at the launch. */
#define PT_DYNAMIC_SHARED(type, name)                                 \
    extern __shared__ __align__(16) unsigned char posetrack_shared[]; \
    type* name = reinterpret_cast<type*>(posetrack_shared)
#endif

#if !defined(__CUDACC_RTC__)
#include <stdio.h>

#include "../host/last_error.h"
#include "../include/posetrack_kernels.h"

namespace posetrack {

constexpr unsigned kThreads = 256; /* per block, unless a kernel has a number of its own */
constexpr int64_t kMaxBlocks = 2147483647;
constexpr int64_t kSharedUnasked = 48 * 1024; /* bytes that every GPU gives a block unasked */

struct Grid {
    int64_t blocks;
    unsigned threads; /* per block */
    int64_t shared_bytes;
    void* stream;
};

inline int64_t blocks_for(int64_t items, int64_t threads = kThreads) {
    return (items + threads - 1) / threads;
}

/* Calls `run` with a value of the head's element type, such as
 *     return with_head(dtype, [&](auto type) { return start<decltype(type)>(...); });
 */
template <typename Run>
pt_status with_head(pt_dtype dtype, Run run) {
    if (dtype == PT_FLOAT32) return run(float{});
    if (dtype == PT_FLOAT16) return run(Half{});
    return PT_INVALID_ARGUMENT;
}

}  // namespace posetrack

#if defined(PT_CUDA_HEADER)
#include PT_CUDA_HEADER
#else
#include <cuda_runtime.h>

namespace posetrack {

/* The status of a call of CUDA's. The error that it left is read and so cleared. This library has a
 * CUDA runtime of its own, so nothing else could clear it, and every later launch of the thread
 * would seem to fail.
 */
inline pt_status status_of(cudaError_t error) {
    if (error == cudaSuccess) return PT_OK;
    (void)cudaGetLastError();
    snprintf(
        LastError::text(), LastError::kRoom, "%s (%s)", cudaGetErrorString(error),
        cudaGetErrorName(error));
    return PT_CUDA_ERROR;
}

/* Allows blocks of a kernel more shared memory than kSharedUnasked, if the GPU has so much. */
inline pt_status allow_shared(const void* kernel, int64_t bytes) {
    int device = 0, max_bytes = 0;
    pt_status status = status_of(cudaGetDevice(&device));
    if (status == PT_OK)
        status = status_of(
            cudaDeviceGetAttribute(&max_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    if (status != PT_OK) return status;
    if (bytes > max_bytes) return PT_INVALID_ARGUMENT;
    return status_of(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes));
}

/* Enqueues a kernel; PT_INVALID_ARGUMENT if the GPU has not enough shared memory for its blocks. */
template <typename... Parameters, typename... Arguments>
pt_status launch(Grid grid, void (*kernel)(Parameters...), Arguments... arguments) {
    if (grid.blocks == 0) return PT_OK;
    if (grid.blocks > kMaxBlocks) return PT_INVALID_ARGUMENT;
    if (grid.shared_bytes > kSharedUnasked) {
        const pt_status allowed =
            allow_shared(reinterpret_cast<const void*>(kernel), grid.shared_bytes);
        if (allowed != PT_OK) return allowed;
    }
    const auto stream = static_cast<cudaStream_t>(grid.stream);
    // clang-format off
    kernel<<<(unsigned)grid.blocks, grid.threads, (size_t)grid.shared_bytes, stream>>>(
        static_cast<Parameters>(arguments)...);
    // clang-format on
    return status_of(cudaGetLastError());
}

}  // namespace posetrack
#endif
#endif

#endif
