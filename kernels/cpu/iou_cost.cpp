#include "../shared/iou_cost.h"

#include <algorithm>

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
    double* cost, const double* boxes, const double* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t T, int64_t N) {
    if (auto status = check_iou_cost(cost, boxes, others, counts, other_counts, B, T, N))
        return status;
    for (int64_t i = 0; i < B * T; ++i) {
        const int64_t b = i / T,
                      valid = i % T < valid_rows(counts, b, T) ? valid_rows(other_counts, b, N) : 0;
        double* row = cost + i * N;
        fill_row(row, boxes + 4 * i, others + b * N * 4, valid);
        std::fill(row + valid, row + N, infinite());
    }
    return PT_OK;
}
