/* Blocks sum parts of the maps relative to the highest logit of the part, then one block per map
 * merges its parts. Threads sum a few cells in float32; all other sums are float64.
 */
#include "../shared/heatmap_argmax.h"
#include "../shared/soft_argmax.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kSummers = 256; /* threads of a block that sums; below, of one that merges */
constexpr int kMergers = 64;

/* The place of a cell in its map; `stepped` finds the next one without a division. */
struct Place {
    int32_t x, y, z;
};

__device__ inline Place place_of(int32_t cell, int32_t h, int32_t w) {
    return {cell % w, cell / w % h, cell / w / h};
}

__device__ inline Place stepped(Place at, Place step, int32_t h, int32_t w) {
    Place next = {at.x + step.x, at.y + step.y, at.z + step.z};
    if (next.x >= w) {
        next.x -= w;
        ++next.y;
    }
    if (next.y >= h) {
        next.y -= h;
        ++next.z;
    }
    return next;
}

/* The highest logit of a part; every thread calls this and gets it. */
template <typename Head>
__device__ float highest_of_part(const Head* logits, int64_t first, int64_t end) {
    __shared__ float found[kSummers];
    float own = lowest_float();
    for (int64_t cell = first + threadIdx.x; cell < end; cell += kSummers)
        own = higher(to_float(logits[cell]), own);
    found[threadIdx.x] = own;
    for (unsigned half = kSummers / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            found[threadIdx.x] = higher(found[threadIdx.x + half], found[threadIdx.x]);
    }
    __syncthreads();
    return found[0];
}

/* One block per part. */
template <typename Head>
__global__ void sum_parts(
    Expectation* sums, const Head* logits, int64_t batch_stride, int64_t K, int64_t parts,
    int64_t cells, int64_t h, int64_t w) {
    __shared__ Expectation of_threads[kSummers];
    const int64_t i = blockIdx.x / parts, part = blockIdx.x % parts;
    const Head* map = logits + (i / K) * batch_stride + (i % K) * cells;
    const int64_t first = part * kPartCells;
    const int64_t end = first + kPartCells < cells ? first + kPartCells : cells;
    const float highest = highest_of_part(map, first, end);
    CellSums own = no_cells();
    const Place step = place_of(kSummers, (int32_t)h, (int32_t)w);
    Place at = place_of((int32_t)(first + threadIdx.x), (int32_t)h, (int32_t)w);
    if (has_weight(highest))
        for (int64_t cell = first + threadIdx.x; cell < end; cell += kSummers) {
            add_cell(&own, softmax_weight(to_float(map[cell]), highest), at.x, at.y, at.z);
            at = stepped(at, step, (int32_t)h, (int32_t)w);
        }
    of_threads[threadIdx.x] = counted_from(highest, own, 0, 0, 0);
    for (unsigned half = kSummers / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) add(of_threads + threadIdx.x, of_threads[threadIdx.x + half]);
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = of_threads[0];
}

/* One block per map. */
__global__ void merge_parts(
    float* places, float* scores, const Expectation* sums, int64_t parts, int64_t d, int64_t h,
    int64_t w, int64_t dimensions) {
    __shared__ Expectation of_threads[kMergers];
    const int64_t i = blockIdx.x;
    Expectation own = no_expectation();
    for (int64_t part = threadIdx.x; part < parts; part += kMergers)
        merge(&own, sums[i * parts + part]);
    of_threads[threadIdx.x] = own;
    for (unsigned half = kMergers / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) merge(of_threads + threadIdx.x, of_threads[threadIdx.x + half]);
    }
    if (threadIdx.x == 0)
        place_and_score(places + i * dimensions, scores + i, of_threads[0], d, h, w, dimensions);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_soft_argmax_scratch_bytes_cuda(
    pt_dtype /*logits_dtype*/, int64_t B, int64_t K, int64_t d, int64_t h, int64_t w) {
    if (check_soft_argmax_sizes(B, K, d, h, w)) return -1;
    return scratch_bytes<ExpectedOnCuda>(B, K, d, h, w);
}

pt_status pt_soft_argmax_cuda(
    float* places, float* scores, void* scratch, int64_t scratch_bytes, const void* logits,
    pt_dtype logits_dtype, int64_t logits_batch_stride, int64_t B, int64_t K, int64_t d, int64_t h,
    int64_t w, int64_t dimensions, void* stream) {
    const int64_t needed = pt_soft_argmax_scratch_bytes_cuda(logits_dtype, B, K, d, h, w);
    if (auto status = check_soft_argmax(
            places, scores, scratch, scratch_bytes, needed, logits, logits_dtype,
            logits_batch_stride, B, K, d, h, w, dimensions))
        return status;
    const auto working = lay_out<ExpectedOnCuda>(scratch, B, K, d, h, w);
    const int64_t cells = d * h * w, parts = part_count(cells);
    const pt_status status = with_head(logits_dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<sum_parts<Head>>(
            {B * K * parts, kSummers, 0, stream}, working.sums, static_cast<const Head*>(logits),
            logits_batch_stride, K, parts, cells, h, w);
    });
    if (status != PT_OK) return status;
    return launch<merge_parts>(
        {B * K, kMergers, 0, stream}, places, scores, working.sums, parts, d, h, w, dimensions);
}
#endif
