/* What starts a grid by CUDA's runtime, for launch.cuh: the only place that knows CUDA's host side.
 *
 * Plain C++ throughout, so that a test can compile it over a made-up runtime.
 */
#ifndef POSETRACK_CUDA_RUNTIME_CUH
#define POSETRACK_CUDA_RUNTIME_CUH

#include <cuda_runtime.h>

#include <array>
#include <atomic>
#include <tuple>

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

/* One kernel of the library, on all devices. */
class Kernel {
  public:
    explicit Kernel(const void* function) : function_(function), next_(first()) { first() = this; }

    /* The kernel that was made last; all others follow by next(). */
    static Kernel*& first() {
        static Kernel* kernel = nullptr;
        return kernel;
    }

    Kernel* next() const { return next_; }

    /* Loads the kernel's code onto the current device and allows its blocks all the shared memory
     * that the device has, once: a limit that follows the calls could fall below what another
     * thread is about to launch. `room` becomes the bytes that a launch may ask for.
     */
    pt_status prepare(int64_t& room) {
        int device = 0, most = 0;
        if (const pt_status status = status_of(cudaGetDevice(&device))) return status;
        std::atomic<int64_t>* known = device < kDevices ? &room_[device] : nullptr;
        if (known && (room = known->load()) > 0) return PT_OK;
        cudaFuncAttributes code{};
        const auto option = cudaDevAttrMaxSharedMemoryPerBlockOptin;
        if (const pt_status status = status_of(cudaDeviceGetAttribute(&most, option, device)))
            return status;
        if (const pt_status status = status_of(cudaFuncGetAttributes(&code, function_)))
            return status;
        room = most - (int64_t)code.sharedSizeBytes;
        const auto limit = cudaFuncAttributeMaxDynamicSharedMemorySize;
        if (const pt_status status = status_of(cudaFuncSetAttribute(function_, limit, (int)room)))
            return status;
        if (known) known->store(room);
        return PT_OK;
    }

  private:
    static constexpr int kDevices = 64; /* of those beyond, nothing is remembered */

    const void* function_;
    Kernel* next_;
    std::atomic<int64_t> room_[kDevices] = {}; /* 0: not prepared */
};

/* Made when the library is loaded, for every kernel that a launch names. */
template <auto kernel>
struct Known {
    static Kernel entry;
};

template <auto kernel>
Kernel Known<kernel>::entry{reinterpret_cast<const void*>(kernel)};

template <typename... Parameters, typename... Arguments>
pt_status start(Grid grid, void (*kernel)(Parameters...), Arguments... arguments) {
    std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
    auto addresses = std::apply(
        [](auto&... value) { return std::array<void*, sizeof...(value)>{(void*)&value...}; },
        values);
    return status_of(cudaLaunchKernel(
        reinterpret_cast<const void*>(kernel), dim3((unsigned)grid.blocks), dim3(grid.threads),
        addresses.data(), (size_t)grid.shared_bytes, static_cast<cudaStream_t>(grid.stream)));
}

/* Enqueues a kernel; PT_INVALID_ARGUMENT if the GPU has no such grid. */
template <auto kernel, typename... Arguments>
pt_status launch(Grid grid, Arguments... arguments) {
    if (grid.blocks == 0) return PT_OK;
    if (!exists(grid)) return PT_INVALID_ARGUMENT;
    Kernel& entry = Known<kernel>::entry;
    if (grid.shared_bytes > kSharedUnasked) {
        int64_t room = 0;
        if (const pt_status status = entry.prepare(room)) return status;
        if (grid.shared_bytes > room) return refused_shared(grid.shared_bytes, room);
    }
    return start(grid, kernel, arguments...);
}

}  // namespace posetrack

#endif
