/* A CUDA runtime with two GPUs that remembers what it was asked, for test_launch.cpp. */
#ifndef POSETRACK_MADE_UP_CUDA_RUNTIME_H
#define POSETRACK_MADE_UP_CUDA_RUNTIME_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#define __global__

enum cudaError_t { cudaSuccess, cudaErrorNoKernelImageForDevice };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
typedef struct Stream* cudaStream_t;

struct dim3 {
    explicit dim3(unsigned count) : x(count) {}
    unsigned x;
};

struct cudaFuncAttributes {
    size_t sharedSizeBytes;
};

constexpr int kSharedOfGpu = 100000, kStaticOfKernel = 1000; /* bytes */

struct Cuda {
    static Cuda& instance() {
        static Cuda cuda;
        return cuda;
    }

    int device = 0, launches = 0, limits_set = 0, loaded = 0;
    cudaError_t next = cudaSuccess, last = cudaSuccess; /* what a launch returns; its error */
    std::map<std::pair<const void*, int>, int> limits;  /* by kernel and device */
    int64_t size = 0;                                   /* the last launch's arguments */
    float value = 0.0f;
};

inline cudaError_t cudaGetDevice(int* device) {
    *device = Cuda::instance().device;
    return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
    *value = kSharedOfGpu;
    return cudaSuccess;
}

inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
    ++Cuda::instance().loaded;
    attributes->sharedSizeBytes = kStaticOfKernel;
    return cudaSuccess;
}

inline cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute, int value) {
    Cuda& cuda = Cuda::instance();
    ++cuda.limits_set;
    cuda.limits[{kernel, cuda.device}] = value;
    return cudaSuccess;
}

inline cudaError_t cudaLaunchKernel(
    const void*, dim3, dim3, void** arguments, size_t, cudaStream_t) {
    Cuda& cuda = Cuda::instance();
    ++cuda.launches;
    cuda.size = *static_cast<int64_t*>(arguments[0]);
    cuda.value = *static_cast<float*>(arguments[1]);
    return cuda.last = cuda.next;
}

inline cudaError_t cudaGetLastError() { return std::exchange(Cuda::instance().last, cudaSuccess); }
inline const char* cudaGetErrorName(cudaError_t) { return "cudaErrorNoKernelImageForDevice"; }
inline const char* cudaGetErrorString(cudaError_t) { return "no kernel image is available"; }

#endif
