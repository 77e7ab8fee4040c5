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
    const float* sigmas, const int32_t* counts, const int32_t* other_counts, int64_t total,
    int64_t N, int64_t M, int64_t K) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t n = i / M, image = n / N, m = image * M + i % M;
    const bool counted =
        n % N < valid_rows(counts, image, N) && i % M < valid_rows(other_counts, image, M);
    oks[i] = counted
                 ? oks_pair(a + n * K * 2, b + m * K * 2, b_scores + m * K, b_area[m], sigmas, K)
                 : 0;
}

/* One block per image visits its poses in turn and compares all poses behind a kept one with it at
 * once. Until its turn, a row of `rows` holds its own number, or -1 once it is dropped. The numbers
 * of kept rows move to the front of `rows`, where every turn is over.
 */
__global__ void suppress(
    int32_t* rows, int32_t* count, const float* keypoints, const float* scores, const float* areas,
    const float* sigmas, const int32_t* counts, int64_t N, int64_t K, float threshold) {
    const int64_t b = blockIdx.x, valid = valid_rows(counts, b, N);
    rows += b * N;
    keypoints += b * N * K * 2;
    scores += b * N * K;
    areas += b * N;
    for (int64_t n = threadIdx.x; n < valid; n += blockDim.x) rows[n] = (int32_t)n;
    int32_t kept = 0;
    for (int64_t n = 0; n < valid; ++n) {
        __syncthreads();
        if (rows[n] < 0) continue;
        if (threadIdx.x == 0 && kept < n) rows[kept] = (int32_t)n;
        ++kept;
        const float* pose = keypoints + n * K * 2;
        for (int64_t m = n + 1 + threadIdx.x; m < valid; m += blockDim.x) {
            if (rows[m] < 0) continue;
            const float oks =
                oks_pair(keypoints + m * K * 2, pose, scores + n * K, areas[n], sigmas, K);
            if (is_alike(oks, threshold)) rows[m] = -1;
        }
    }
    __syncthreads(); /* all have read the last row */
    for (int64_t n = kept + threadIdx.x; n < N; n += blockDim.x) rows[n] = -1;
    if (threadIdx.x == 0) count[b] = kept;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_oks_matrix_cuda(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t N,
    int64_t M, int64_t K, void* stream) {
    if (auto status =
            check_oks_matrix(oks, a, b, b_scores, b_area, sigmas, counts, other_counts, B, N, M, K))
        return status;
    const int64_t total = B * N * M;
    return launch<fill_oks>(
        {blocks_for(total), kThreads, 0, stream}, oks, a, b, b_scores, b_area, sigmas, counts,
        other_counts, total, N, M, K);
}

pt_status pt_nms_oks_visible_cuda(
    int32_t* rows, int32_t* count, const float* keypoints, const float* scores, const float* areas,
    const float* sigmas, const int32_t* counts, int64_t B, int64_t N, int64_t K, float threshold,
    void* stream) {
    if (auto status = check_nms_oks_visible(
            rows, count, keypoints, scores, areas, sigmas, counts, B, N, K, threshold))
        return status;
    return launch<suppress>(
        {B, kThreads, 0, stream}, rows, count, keypoints, scores, areas, sigmas, counts, N, K,
        threshold);
}
#endif
