#include "../shared/cell_probabilities.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One block per map, one thread per lane. */
template <typename Head>
__global__ void fill_probabilities(
    float* probabilities, const Head* maps, int64_t C, int64_t area, int64_t batch_stride) {
    __shared__ float lanes[kShareLanes];
    const int64_t image = blockIdx.x / C, c = blockIdx.x % C;
    const Head* map = maps + image * batch_stride + c * area;
    float* shares = probabilities + (int64_t)blockIdx.x * area;
    const int32_t lane = threadIdx.x;
    float highest = lowest_float();
    for (int64_t i = lane; i < area; i += kShareLanes) highest = higher(to_float(map[i]), highest);
    lanes[lane] = highest;
    for (int32_t half = kShareLanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) lanes[lane] = higher(lanes[lane + half], lanes[lane]);
    }
    __syncthreads();
    highest = lanes[0];
    __syncthreads(); /* all have read it */
    float sum = 0;
    for (int64_t i = lane; i < area; i += kShareLanes) {
        shares[i] = share_of_highest(to_float(map[i]), highest);
        sum += shares[i];
    }
    lanes[lane] = sum;
    for (int32_t half = kShareLanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) lanes[lane] += lanes[lane + half];
    }
    __syncthreads();
    for (int64_t i = lane; i < area; i += kShareLanes) shares[i] /= lanes[0];
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_cell_probabilities_scratch_bytes_cuda(pt_dtype /*maps_dtype*/, int64_t h, int64_t w) {
    return check_cell_probabilities_sizes(h, w) ? -1 : 0;
}

pt_status pt_cell_probabilities_cuda(
    float* probabilities, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w,
    void* stream) {
    if (auto status = check_cell_probabilities(
            probabilities, scratch, scratch_bytes, 0, maps, maps_dtype, maps_batch_stride, B, C, h,
            w))
        return status;
    return with_head(maps_dtype, [&](auto type) {
        return launch<fill_probabilities<decltype(type)>>(
            {B * C, (unsigned)kShareLanes, 0, stream}, probabilities,
            static_cast<const decltype(type)*>(maps), C, h * w, maps_batch_stride);
    });
}
#endif
