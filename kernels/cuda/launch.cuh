/* How a CUDA twin starts its grids.
 *
 * NVRTC compiles device code alone and gets none of this. The tests' build for machines without
 * CUDA defines PT_CUDA_HEADER, a stand-in that runs grids on the host.
 */
#ifndef POSETRACK_CUDA_LAUNCH_CUH
#define POSETRACK_CUDA_LAUNCH_CUH

#include "../shared/portable.h"

/* Before a loop of few turns: unrolled, it would be longer than all its turns. */
#if defined(__CUDACC__)
#define PT_ROLLED _Pragma("unroll 1")
#else
#define PT_ROLLED
#endif

#if !defined(PT_CUDA_HEADER)
/* Shared memory whose size is given at the launch. */
#define PT_DYNAMIC_SHARED(type, name)                                 \
    extern __shared__ __align__(16) unsigned char posetrack_shared[]; \
    type* name = reinterpret_cast<type*>(posetrack_shared)
#endif

#if !defined(__CUDACC_RTC__)
#include <stdio.h>

#include "../shared/check.h"

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

/* Negative, as no grid is, if `items` is: a product that was too large. */
inline int64_t blocks_for(int64_t items, int64_t threads = kThreads) {
    return items < 0 ? -1 : items / threads + (items % threads != 0 ? 1 : 0);
}

/* Whether CUDA has grids of so many blocks. */
inline bool exists(const Grid& grid) {
    if (grid.blocks > 0 && grid.blocks <= kMaxBlocks && grid.shared_bytes >= 0) return true;
    snprintf(LastError::text(), LastError::kRoom, "sizes are too large for one grid of CUDA's");
    return false;
}

inline pt_status refused_shared(int64_t wanted, int64_t room) {
    snprintf(
        LastError::text(), LastError::kRoom,
        "sizes take %lld bytes of a block's shared memory, this GPU has %lld", (long long)wanted,
        (long long)room);
    return PT_INVALID_ARGUMENT;
}

}  // namespace posetrack

#if defined(PT_CUDA_HEADER)
#include PT_CUDA_HEADER
#else
#include "runtime.cuh"
#endif
#endif

#endif
