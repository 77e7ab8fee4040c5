#include "../shared/oks_between.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_oks_between(
    double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, int64_t total, int64_t N, int64_t M, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, m = n / N * M + i % M;
    const double area = common_area(areas[n], other_areas[m]);
    oks[i] = oks_between(keypoints + n * K * 2, others + m * K * 2, sigmas, area, K);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_oks_between_cuda(
    double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, int64_t B, int64_t N, int64_t M, int64_t K,
    void* stream) {
    if (B < 0 || N < 0 || M < 0 || K < 0) return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * M;
    if (total == 0) return PT_OK;
    if (!oks || !areas || !other_areas) return PT_INVALID_ARGUMENT;
    if (K > 0 && (!keypoints || !others || !sigmas)) return PT_INVALID_ARGUMENT;
    return launch<fill_oks_between>(
        {blocks_for(total), kThreads, 0, stream}, oks, keypoints, areas, others, other_areas,
        sigmas, total, N, M, K);
}
#endif
