/* The first of the highest cells that the threads of a block have found. */
#ifndef POSETRACK_CUDA_HIGHEST_CELL_CUH
#define POSETRACK_CUDA_HIGHEST_CELL_CUH

#include "../shared/heatmap_argmax.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kSearchers = 256; /* threads of such a block */

/* Every thread calls it with its own first cell; all get that of the block. */
__device__ inline Highest first_of_block(Highest own) {
    __shared__ Highest found[kSearchers];
    __syncthreads(); /* all have read the result of an earlier call */
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
