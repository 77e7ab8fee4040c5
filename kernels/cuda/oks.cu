#include "../shared/oks.h"
#include "warp.cuh"

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

/* The poses of one image, and how alike two may be. */
struct Poses {
    const float *keypoints, *scores, *areas, *sigmas;
    int64_t K;
    float threshold;

    __device__ bool alike(int64_t earlier, int64_t later) const {
        const float* pose = keypoints + earlier * K * 2;
        const float* other = keypoints + later * K * 2;
        return is_alike(
            oks_pair(other, pose, scores + earlier * K, areas[earlier], sigmas, K), threshold);
    }
};

/* Compares every two of kWarp poses from `first` on. Rows n and kWarp - 1 - n of the triangle of
 * pairs share a warp, whose lanes they fill.
 */
__device__ void compare_poses(
    bool (*similar)[kWarp], const Poses& poses, int64_t first, int64_t valid) {
    const int32_t lane = (int32_t)threadIdx.x % kWarp, warps = (int32_t)blockDim.x / kWarp;
    for (int32_t n = (int32_t)threadIdx.x / kWarp; n < kWarp / 2; n += warps) {
        const int32_t earlier = lane > n ? n : kWarp - 1 - n;
        const int32_t later = lane > n ? lane : kWarp - 1 - lane;
        if (later > earlier && first + later < valid)
            similar[earlier][later] = poses.alike(first + earlier, first + later);
    }
    __syncthreads();
}

/* A bit for each of kWarp poses from `first` on that stays; a whole warp calls it. */
__device__ uint32_t
staying(const bool (*similar)[kWarp], const int32_t* rows, int64_t first, int64_t valid) {
    const int32_t lane = (int32_t)threadIdx.x;
    uint32_t dropped = ballot(first + lane >= valid || rows[first + lane] < 0);
    for (int32_t n = 0; n < kWarp; ++n)
        if (!(dropped >> n & 1))
            dropped |= ballot(lane > n && first + lane < valid && similar[n][lane]);
    return ~dropped;
}

/* One block per image takes kWarp poses at a time: it compares them with each other, its first warp
 * decides which stay, and those are compared with all behind them. Until its turn, a row of `rows`
 * holds its own number, or -1 once it is dropped. The numbers of kept rows move to the front of
 * `rows`, where every turn is over.
 */
__global__ void suppress(
    int32_t* rows, int32_t* count, const float* keypoints, const float* scores, const float* areas,
    const float* sigmas, const int32_t* counts, int64_t N, int64_t K, float threshold) {
    __shared__ bool similar[kWarp][kWarp];
    __shared__ uint32_t stay;
    const int64_t b = blockIdx.x, valid = valid_rows(counts, b, N);
    const Poses poses = {
        keypoints + b * N * K * 2, scores + b * N * K, areas + b * N, sigmas, K, threshold};
    rows += b * N;
    for (int64_t n = threadIdx.x; n < valid; n += blockDim.x) rows[n] = (int32_t)n;
    int32_t kept = 0;
    for (int64_t first = 0; first < valid; first += kWarp) {
        compare_poses(similar, poses, first, valid);
        if (threadIdx.x < kWarp) {
            const uint32_t bits = staying(similar, rows, first, valid);
            const uint32_t before = bits & ((1u << threadIdx.x) - 1);
            if (bits >> threadIdx.x & 1)
                rows[kept + __popc(before)] = (int32_t)(first + threadIdx.x);
            if (threadIdx.x == 0) stay = bits;
        }
        __syncthreads();
        for (int64_t m = first + kWarp + threadIdx.x; m < valid; m += blockDim.x)
            for (int32_t n = 0; n < kWarp && rows[m] >= 0; ++n)
                if (stay >> n & 1 && poses.alike(first + n, m)) rows[m] = -1;
        kept += __popc(stay);
        __syncthreads(); /* all have read which stay */
    }
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
