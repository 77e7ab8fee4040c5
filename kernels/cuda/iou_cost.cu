#include "../shared/iou_cost.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_iou_cost(
    double* cost, const double* boxes, const double* others, int64_t total, int64_t T, int64_t N) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t t = i / N, n = t / T * N + i % N;
    cost[i] = iou_cost(box_at(boxes + 4 * t), box_at(others + 4 * n));
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_iou_cost_cuda(
    double* cost, const double* boxes, const double* others, int64_t B, int64_t T, int64_t N,
    void* stream) {
    if (B < 0 || T < 0 || N < 0) return PT_INVALID_ARGUMENT;
    const int64_t total = B * T * N;
    if (total == 0) return PT_OK;
    if (!cost || !boxes || !others) return PT_INVALID_ARGUMENT;
    return launch<fill_iou_cost>(
        {blocks_for(total), kThreads, 0, stream}, cost, boxes, others, total, T, N);
}
#endif
