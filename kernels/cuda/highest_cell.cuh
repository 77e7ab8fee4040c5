/* The first of the highest cells that a block's threads have seen. */
#ifndef POSETRACK_CUDA_HIGHEST_CELL_CUH
#define POSETRACK_CUDA_HIGHEST_CELL_CUH

#include "../shared/heatmap_argmax.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kSearchers = 256; /* threads of such a block */

/* Every thread calls it, with its own; all get the block's. */
__device__ inline Highest first_of_block(Highest own) {
    __shared__ Highest found[kSearchers];
    __syncthreads(); /* what a call before left may still be read */
    found[threadIdx.x] = own;
    for (unsigned half = kSearchers / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            found[threadIdx.x] = first_of(found[threadIdx.x], found[threadIdx.x + half]);
    }
    __syncthreads();
    return found[0];
}

}  // namespace
}  // namespace posetrack

#endif
