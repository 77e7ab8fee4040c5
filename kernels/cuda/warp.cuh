/* What the threads of a warp tell each other. All threads of the warp call these together. */
#ifndef POSETRACK_CUDA_WARP_CUH
#define POSETRACK_CUDA_WARP_CUH

#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int32_t kWarp = 32; /* threads */
constexpr uint32_t kWholeWarp = 0xffffffffu;

/* A value of the thread whose lane differs in these bits. */
template <typename Value>
__device__ inline Value across(Value value, int32_t bits) {
    return __shfl_xor_sync(kWholeWarp, value, bits);
}

/* A bit for every lane. */
__device__ inline uint32_t ballot(bool vote) { return __ballot_sync(kWholeWarp, vote ? 1 : 0); }

}  // namespace
}  // namespace posetrack

#endif
