#include "../shared/oks.h"
#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int32_t kSuppressing = 128; /* threads of an image */
constexpr int32_t kSuppressingWarps = kSuppressing / kWarp;

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
    int32_t K;
    float threshold;

    __device__ const float* pose(int32_t n) const { return keypoints + (int64_t)n * K * 2; }

    __device__ bool alike(int32_t earlier, int32_t later) const {
        const float* present = scores + (int64_t)earlier * K;
        return is_alike(
            oks_pair(pose(later), pose(earlier), present, areas[earlier], sigmas, K), threshold);
    }
};

/* kWarp poses that are compared with each other and with those behind them. */
struct Group {
    float scales[kWarp][kWarp + 1]; /* of each keypoint; one more, against bank conflicts */
    float limits[kWarp];            /* of rough sums; NaN: nothing is sure */
    bool similar[kWarp][kWarp];     /* whether an earlier pose is like a later one */
    uint32_t stay;                  /* a bit for each pose */
};

/* A warp takes a pose at a time, a lane a keypoint. */
__device__ void scale_poses(Group& group, const Poses& poses, int32_t first, int32_t valid) {
    const int32_t lane = lane_of_thread();
    const bool there = lane < poses.K;
    const float sigma = there ? poses.sigmas[lane] : 1;
    const float area = first + lane < valid ? poses.areas[first + lane] : 1;
    const float of_sigma = scale_of_sigma(sigma), of_area = scale_of_area(area);
    const float* scores = poses.scores + (int64_t)first * poses.K + lane;
    PT_ROLLED
    for (int32_t n = warp_of_thread(); n < kWarp && first + n < valid; n += kSuppressingWarps) {
        const bool present = there && is_present(scores[(int64_t)n * poses.K]);
        const float scale = of_sigma * of_lane(of_area, n);
        const uint32_t strange = ballot(present && is_nan(scale)), all = ballot(present);
        group.scales[n][lane] = present ? scale : -positive_infinity();
        if (lane == 0)
            group.limits[n] = strange == 0 && poses.K <= kWarp
                                  ? poses.threshold * (float)__popc(all)
                                  : not_a_number();
    }
    __syncthreads();
}

/* Whether pose number `earlier` of the group, whose first is `first`, is like a later one. */
__device__ bool are_alike(
    const Group& group, const Poses& poses, int32_t first, int32_t earlier, int32_t later) {
    const float *pose = poses.pose(first + earlier), *other = poses.pose(later);
    const float *scales = group.scales[earlier], limit = group.limits[earlier];
    float sum = 0;
    for (int32_t k = 0; k < poses.K && k < kWarp; ++k, pose += 2, other += 2)
        sum = rough_sum(sum, rough_term(keypoint_distance(pose, other), scales[k]));
    if (is_surely_above(sum, limit)) return true;
    return !is_surely_below(sum, limit) && poses.alike(first + earlier, later);
}

/* Compares every two of the group. Rows n and kWarp - 1 - n of the triangle of pairs share a warp,
 * whose lanes they fill.
 */
__device__ void compare_poses(Group& group, const Poses& poses, int32_t first, int32_t valid) {
    const int32_t lane = lane_of_thread();
    PT_ROLLED
    for (int32_t n = warp_of_thread(); n < kWarp / 2; n += kSuppressingWarps) {
        const int32_t earlier = lane > n ? n : kWarp - 1 - n;
        const int32_t later = lane > n ? lane : kWarp - 1 - lane;
        if (later > earlier && first + later < valid)
            group.similar[earlier][later] = are_alike(group, poses, first, earlier, first + later);
    }
    __syncthreads();
}

/* A bit for each pose of the group that stays; a whole warp calls it. */
__device__ uint32_t staying(const Group& group, const int32_t* rows, int32_t first, int32_t valid) {
    const int32_t lane = (int32_t)threadIdx.x;
    const bool there = first + lane < valid;
    uint32_t dropped = ballot(!there || rows[first + lane] < 0), ahead = kWholeWarp;
    for (uint32_t bits; (bits = ahead & ~dropped) != 0;) {
        const int32_t n = __ffs(bits) - 1;
        ahead &= kWholeWarp << n << 1;
        dropped |= ballot(there && lane > n && group.similar[n][lane]);
    }
    return ~dropped;
}

/* One block per image takes kWarp poses at a time: it compares them with each other, its first warp
 * decides which stay, and those are compared with all behind them. Until its turn, a row of `rows`
 * holds its own number, or -1 once it is dropped. The numbers of kept rows move to the front of
 * `rows`, where every turn is over.
 */
__global__ void __launch_bounds__(kSuppressing) suppress(
    int32_t* rows, int32_t* count, const float* keypoints, const float* scores, const float* areas,
    const float* sigmas, const int32_t* counts, int32_t N, int32_t K, float threshold) {
    __shared__ Group group;
    const int64_t image = (int64_t)blockIdx.x * N;
    const int32_t valid = valid_rows(counts, blockIdx.x, N), thread = (int32_t)threadIdx.x;
    const Poses poses = {
        keypoints + image * K * 2, scores + image * K, areas + image, sigmas, K, threshold};
    rows += image;
    for (int32_t n = thread; n < valid; n += kSuppressing) rows[n] = n;
    int32_t kept = 0;
    for (int32_t first = 0; first < valid; first += kWarp) {
        scale_poses(group, poses, first, valid);
        compare_poses(group, poses, first, valid);
        if (thread < kWarp) {
            const uint32_t bits = staying(group, rows, first, valid);
            const uint32_t before = bits & ((1u << thread) - 1);
            if (bits >> thread & 1) rows[kept + __popc(before)] = first + thread;
            if (thread == 0) group.stay = bits;
        }
        __syncthreads();
        for (int32_t m = first + kWarp + thread; m < valid; m += kSuppressing)
            for (uint32_t bits = group.stay; bits != 0 && rows[m] >= 0; bits &= bits - 1)
                if (are_alike(group, poses, first, __ffs(bits) - 1, m)) rows[m] = -1;
        kept += __popc(group.stay);
        __syncthreads(); /* all have read which stay */
    }
    for (int32_t n = kept + thread; n < N; n += kSuppressing) rows[n] = -1;
    if (thread == 0) count[blockIdx.x] = kept;
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
        {B, (unsigned)kSuppressing, 0, stream}, rows, count, keypoints, scores, areas, sigmas,
        counts, (int32_t)N, (int32_t)K, threshold);
}
#endif
