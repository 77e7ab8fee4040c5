#include "../shared/box_overlap.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_overlap(
    double* overlap, const float* boxes, const float* others, const int32_t* counts,
    const int32_t* other_counts, int64_t total, int64_t N, int64_t M, double edge) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, b = n / N, m = b * M + i % M;
    const bool counted = n % N < valid_rows(counts, b, N) && i % M < valid_rows(other_counts, b, M);
    overlap[i] = counted ? box_iou(box_at(boxes + 4 * n), box_at(others + 4 * m), edge) : 0;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_box_overlap_cuda(
    double* overlap, const float* boxes, const float* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, double edge, void* stream) {
    if (auto status =
            check_box_overlap(overlap, boxes, others, counts, other_counts, B, N, M, edge))
        return status;
    const int64_t total = B * N * M;
    return launch<fill_overlap>(
        {blocks_for(total), kThreads, 0, stream}, overlap, boxes, others, counts, other_counts,
        total, N, M, edge);
}
#endif
