#include "../shared/oks_between.h"

#include "../include/posetrack_kernels.h"
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
    const float* other_areas, const float* sigmas, int64_t B, int64_t N, int64_t M, int64_t K) {
    if (B < 0 || N < 0 || M < 0 || K < 0) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || M == 0) return PT_OK;
    if (!oks || !areas || !other_areas) return PT_INVALID_ARGUMENT;
    if (K > 0 && (!keypoints || !others || !sigmas)) return PT_INVALID_ARGUMENT;
    for (int64_t n = 0; n < B * N; ++n) {
        const int64_t other = n / N * M;
        fill_row(
            oks + n * M, keypoints + n * K * 2, areas[n], others + other * K * 2,
            other_areas + other, sigmas, M, K);
    }
    return PT_OK;
}
