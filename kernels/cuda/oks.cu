#include "../shared/oks.h"
#include "launch.cuh"

namespace posetrack {
namespace {

__device__ float oks_pair(
    const float* a, const float* b, const float* b_scores, float b_area, const float* sigmas,
    int64_t K) {
    if (!has_area(b_area)) return 0;
    float sum = 0;
    int64_t present = 0;
    for (int64_t k = 0; k < K; ++k) {
        sum = plus(sum, keypoint_similarity(a + 2 * k, b + 2 * k, b_scores[k], b_area, sigmas[k]));
        present += is_present(b_scores[k]);
    }
    return mean_similarity(sum, present);
}

/* One thread per pair. */
__global__ void fill_oks(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, int64_t total, int64_t N, int64_t M, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, m = n / N * M + i % M;
    oks[i] = oks_pair(a + n * K * 2, b + m * K * 2, b_scores + m * K, b_area[m], sigmas, K);
}

/* One block per image: poses in turn, those after a kept one side by side. */
__global__ void suppress(
    uint8_t* keep, const float* keypoints, const float* scores, const float* area,
    const float* sigmas, int64_t N, int64_t K, float threshold) {
    const int64_t first = (int64_t)blockIdx.x * N, end = first + N;
    for (int64_t n = first + threadIdx.x; n < end; n += blockDim.x) keep[n] = 1;
    for (int64_t n = first; n < end; ++n) {
        __syncthreads();
        if (!keep[n]) continue;
        const float* pose = keypoints + n * K * 2;
        for (int64_t m = n + 1 + threadIdx.x; m < end; m += blockDim.x) {
            if (!keep[m]) continue;
            const float oks =
                oks_pair(keypoints + m * K * 2, pose, scores + n * K, area[n], sigmas, K);
            if (is_alike(oks, threshold)) keep[m] = 0;
        }
    }
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_oks_matrix_cuda(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, int64_t B, int64_t N, int64_t M, int64_t K, void* stream) {
    if (B < 0 || N < 0 || M < 0 || K < 0) return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * M;
    if (total == 0) return PT_OK;
    if (!oks || !b_area || (K > 0 && (!a || !b || !b_scores || !sigmas)))
        return PT_INVALID_ARGUMENT;
    return launch(
        {blocks_for(total), kThreads, 0, stream}, fill_oks, oks, a, b, b_scores, b_area, sigmas,
        total, N, M, K);
}

pt_status pt_nms_oks_visible_cuda(
    uint8_t* keep, const float* keypoints, const float* scores, const float* area,
    const float* sigmas, int64_t B, int64_t N, int64_t K, float threshold, void* stream) {
    if (B < 0 || N < 0 || K < 0 || threshold != threshold) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0) return PT_OK;
    if (!keep || !area || (K > 0 && (!keypoints || !scores || !sigmas))) return PT_INVALID_ARGUMENT;
    return launch(
        {B, kThreads, 0, stream}, suppress, keep, keypoints, scores, area, sigmas, N, K, threshold);
}
#endif
