#include "../shared/iou_cost.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_iou_cost(
    double* cost, const double* boxes, const double* others, const int32_t* counts,
    const int32_t* other_counts, int64_t total, int64_t T, int64_t N) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t t = i / N, b = t / T, n = b * N + i % N;
    const bool counted = t % T < valid_rows(counts, b, T) && i % N < valid_rows(other_counts, b, N);
    cost[i] = counted ? iou_cost(box_at(boxes + 4 * t), box_at(others + 4 * n)) : infinite();
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_iou_cost_cuda(
    double* cost, const double* boxes, const double* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t T, int64_t N, void* stream) {
    if (auto status = check_iou_cost(cost, boxes, others, counts, other_counts, B, T, N))
        return status;
    const int64_t total = B * T * N;
    return launch<fill_iou_cost>(
        {blocks_for(total), kThreads, 0, stream}, cost, boxes, others, counts, other_counts, total,
        T, N);
}
#endif
