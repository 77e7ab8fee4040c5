/* What the threads of a warp tell each other. All threads of the warp call these together. */
#ifndef POSETRACK_CUDA_WARP_CUH
#define POSETRACK_CUDA_WARP_CUH

#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int32_t kWarp = 32; /* threads */
constexpr uint32_t kWholeWarp = 0xffffffffu;

/* Of the calling thread; unsigned, so that no division rounds towards 0. */
__device__ inline int32_t lane_of_thread() { return (int32_t)(threadIdx.x % (unsigned)kWarp); }
__device__ inline int32_t warp_of_thread() { return (int32_t)(threadIdx.x / (unsigned)kWarp); }

/* A value of the thread whose lane differs in these bits. */
template <typename Value>
__device__ inline Value across(Value value, int32_t bits) {
    return __shfl_xor_sync(kWholeWarp, value, bits);
}

/* A value of another lane. */
template <typename Value>
__device__ inline Value of_lane(Value value, int32_t lane) {
    return __shfl_sync(kWholeWarp, value, lane);
}

/* The lowest of the lanes' values, none of which is NaN. */
template <typename Value>
__device__ inline Value lowest_of_warp(Value value) {
    for (int32_t half = kWarp / 2; half > 0; half /= 2) {
        const Value other = across(value, half);
        value = other < value ? other : value;
    }
    return value;
}

/* A bit for every lane. */
__device__ inline uint32_t ballot(bool vote) { return __ballot_sync(kWholeWarp, vote ? 1 : 0); }

}  // namespace
}  // namespace posetrack

#endif
