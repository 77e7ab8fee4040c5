#include "../shared/iou_cost.h"

#include "../include/posetrack_kernels.h"

namespace posetrack {
namespace {

void fill_row(
    double* __restrict cost, const double* box, const double* __restrict others, int64_t N) {
    const Box one = box_at(box);
#pragma omp simd
    for (int64_t n = 0; n < N; ++n) cost[n] = iou_cost(one, box_at(others + 4 * n));
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_iou_cost_cpu(
    double* cost, const double* boxes, const double* others, int64_t B, int64_t T, int64_t N) {
    if (B < 0 || T < 0 || N < 0) return PT_INVALID_ARGUMENT;
    if (B == 0 || T == 0 || N == 0) return PT_OK;
    if (!cost || !boxes || !others) return PT_INVALID_ARGUMENT;
    for (int64_t t = 0; t < B * T; ++t)
        fill_row(cost + t * N, boxes + 4 * t, others + t / T * N * 4, N);
    return PT_OK;
}
