#include "../shared/appearance_cost.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kSide = 16; /* of the tile of pairs that a block computes, one thread for each pair */
static_assert(kSide == kLanes, "a tile of features is as deep as there are lanes");

/* One thread per feature of all images; the first are `features`, the rest `others`. */
__global__ void fill_inverse_lengths(
    float* inverse, float* inverse_others, const float* features, const float* others,
    int64_t count, int64_t other_count, int64_t D) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count + other_count) return;
    const float* feature = i < count ? features + i * D : others + (i - count) * D;
    float lanes[kLanes] = {};
    int64_t d = 0;
    for (; d + kLanes <= D; d += kLanes)
        for (int l = 0; l < kLanes; ++l) add_product(&lanes[l], feature[d + l], feature[d + l]);
    for (int l = 0; l < kLanes; ++l)
        if (d + l < D) add_product(&lanes[l], feature[d + l], feature[d + l]);
    (i < count ? inverse[i] : inverse_others[i - count]) = inverse_length(sum_of_lanes(lanes));
}

/* One block per tile of 16 x 16 pairs of an image; 16 numbers of every feature at a time lie in
 * shared memory.
 */
__global__ void fill_appearance_cost(
    float* cost, const float* inverse, const float* inverse_others, const float* features,
    const float* others, const int32_t* counts, const int32_t* other_counts, int64_t T, int64_t N,
    int64_t D, int64_t tiles_down, int64_t tiles_across) {
    __shared__ float a[kSide][kLanes];
    __shared__ float b[kSide][kLanes + 1]; /* one more, so that a column is spread over all banks */
    const int x = (int)threadIdx.x % kSide, y = (int)threadIdx.x / kSide;
    const int64_t tile = blockIdx.x / tiles_across, image = tile / tiles_down;
    const int64_t top = tile % tiles_down * kSide, left = blockIdx.x % tiles_across * kSide;
    const float *ours = features + image * T * D, *theirs = others + image * N * D;
    float lanes[kLanes] = {};
    for (int64_t d = 0; d < D; d += kLanes) {
        const bool inside = d + x < D;
        a[y][x] = inside && top + y < T ? ours[(top + y) * D + d + x] : 0;
        b[y][x] = inside && left + y < N ? theirs[(left + y) * D + d + x] : 0;
        __syncthreads();
        for (int l = 0; l < kLanes; ++l)
            if (d + l < D) add_product(&lanes[l], a[y][l], b[x][l]);
        __syncthreads();
    }
    const int64_t t = top + y, n = left + x;
    if (t >= T || n >= N) return;
    const bool counted = t < valid_rows(counts, image, T) && n < valid_rows(other_counts, image, N);
    const float ours_inverse = inverse[image * T + t],
                theirs_inverse = inverse_others[image * N + n];
    cost[(image * T + t) * N + n] =
        counted ? appearance_cost(sum_of_lanes(lanes), ours_inverse, theirs_inverse)
                : positive_infinity();
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_appearance_cost_scratch_bytes_cuda(int64_t B, int64_t T, int64_t N) {
    return appearance_cost_scratch(B, T, N);
}

pt_status pt_appearance_cost_cuda(
    float* cost, void* scratch, int64_t scratch_bytes, const float* features, const float* others,
    const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t T, int64_t N, int64_t D,
    void* stream) {
    if (auto status = check_appearance_cost(
            cost, scratch, scratch_bytes, features, others, counts, other_counts, B, T, N, D))
        return status;
    const auto working = lay_out<AppearanceScratch>(scratch, B, T, N);
    const pt_status status = launch<fill_inverse_lengths>(
        {blocks_for(B * (T + N)), kThreads, 0, stream}, working.inverse, working.inverse_others,
        features, others, B * T, B * N, D);
    if (status != PT_OK) return status;
    const int64_t down = blocks_for(T, kSide), across = blocks_for(N, kSide);
    return launch<fill_appearance_cost>(
        {B * down * across, kSide * kSide, 0, stream}, cost, working.inverse,
        working.inverse_others, features, others, counts, other_counts, T, N, D, down, across);
}
#endif
