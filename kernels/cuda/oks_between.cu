#include "../shared/oks_between.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pair. */
__global__ void fill_oks_between(
    double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, const int32_t* counts,
    const int32_t* other_counts, int64_t total, int64_t N, int64_t M, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, image = n / N, m = image * M + i % M;
    const bool counted =
        n % N < valid_rows(counts, image, N) && i % M < valid_rows(other_counts, image, M);
    const double area = common_area(areas[n], other_areas[m]);
    oks[i] = counted ? oks_between(keypoints + n * K * 2, others + m * K * 2, sigmas, area, K) : 0;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_oks_between_cuda(
    double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, int64_t K, void* stream) {
    if (auto status = check_oks_between(
            oks, keypoints, areas, others, other_areas, sigmas, counts, other_counts, B, N, M, K))
        return status;
    const int64_t total = B * N * M;
    return launch<fill_oks_between>(
        {blocks_for(total), kThreads, 0, stream}, oks, keypoints, areas, others, other_areas,
        sigmas, counts, other_counts, total, N, M, K);
}
#endif
