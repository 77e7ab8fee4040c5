#include "../shared/box_overlap.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_overlap(
    double* overlap, const float* boxes, const float* others, int64_t total, int64_t N, int64_t M,
    double edge) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, m = n / N * M + i % M;
    overlap[i] = box_iou(box_at(boxes + 4 * n), box_at(others + 4 * m), edge);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_box_overlap_cuda(
    double* overlap, const float* boxes, const float* others, int64_t B, int64_t N, int64_t M,
    double edge, void* stream) {
    if (B < 0 || N < 0 || M < 0 || edge != edge) return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * M;
    if (total == 0) return PT_OK;
    if (!overlap || !boxes || !others) return PT_INVALID_ARGUMENT;
    return launch<fill_overlap>(
        {blocks_for(total), kThreads, 0, stream}, overlap, boxes, others, total, N, M, edge);
}
#endif
