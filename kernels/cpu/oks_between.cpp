#include "../shared/oks_between.h"

#include <algorithm>

#include "oks_terms.h"

namespace posetrack {
namespace {

void fill_row(
    double* __restrict oks, const float* __restrict pose, float area,
    const float* __restrict others, const float* __restrict other_areas,
    const float* __restrict sigmas, int64_t M, int64_t K) {
    for (int64_t m = 0; m < M; ++m)
        oks[m] =
            oks_by_terms(pose, others + m * K * 2, sigmas, common_area(area, other_areas[m]), K);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_oks_between_cpu(
    double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, int64_t K) {
    if (auto status = check_oks_between(
            oks, keypoints, areas, others, other_areas, sigmas, counts, other_counts, B, N, M, K))
        return status;
    for (int64_t i = 0; i < B * N; ++i) {
        const int64_t image = i / N, other = image * M;
        const bool counted = i % N < valid_rows(counts, image, N);
        const int64_t valid = counted ? valid_rows(other_counts, image, M) : 0;
        double* row = oks + i * M;
        fill_row(
            row, keypoints + i * K * 2, areas[i], others + other * K * 2, other_areas + other,
            sigmas, valid, K);
        std::fill(row + valid, row + M, 0.0);
    }
    return PT_OK;
}
