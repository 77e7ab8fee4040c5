#include "../shared/box_overlap.h"

#include <algorithm>

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
    double* overlap, const float* boxes, const float* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, double edge) {
    if (auto status =
            check_box_overlap(overlap, boxes, others, counts, other_counts, B, N, M, edge))
        return status;
    for (int64_t i = 0; i < B * N; ++i) {
        const int64_t b = i / N;
        const int64_t valid = i % N < valid_rows(counts, b, N) ? valid_rows(other_counts, b, M) : 0;
        double* row = overlap + i * M;
        fill_row(row, boxes + 4 * i, others + b * M * 4, valid, edge);
        std::fill(row + valid, row + M, 0.0);
    }
    return PT_OK;
}
