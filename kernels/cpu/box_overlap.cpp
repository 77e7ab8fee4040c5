#include "../shared/box_overlap.h"

#include "../include/posetrack_kernels.h"

namespace posetrack {
namespace {

void fill_row(
    double* __restrict overlap, const float* __restrict box, const float* __restrict others,
    int64_t M, double edge) {
    const Box one = box_at(box);
    for (int64_t m = 0; m < M; ++m) overlap[m] = box_iou(one, box_at(others + 4 * m), edge);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_box_overlap_cpu(
    double* overlap, const float* boxes, const float* others, int64_t B, int64_t N, int64_t M,
    double edge) {
    if (B < 0 || N < 0 || M < 0 || edge != edge) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || M == 0) return PT_OK;
    if (!overlap || !boxes || !others) return PT_INVALID_ARGUMENT;
    for (int64_t n = 0; n < B * N; ++n)
        fill_row(overlap + n * M, boxes + 4 * n, others + n / N * M * 4, M, edge);
    return PT_OK;
}
