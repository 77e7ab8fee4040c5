#include "../shared/sample_heat.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
template <typename Head>
__global__ void sample(
    float* values, const Head* heatmap, const float* keypoints, const int32_t* counts,
    Upsampling upsampling, int64_t total, int64_t N, int64_t K, int64_t batch_stride,
    ReadingPoint at) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const int64_t b = i / (N * K);
    const Head* map = heatmap + b * batch_stride + i % K * area;
    const bool counted = i / K % N < valid_rows(counts, b, N);
    values[i] = counted ? heat_at(map, upsampling, keypoints[2 * i], keypoints[2 * i + 1], at) : 0;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_sample_heat_cuda(
    float* values, const void* heatmap, const float* keypoints, const int32_t* counts,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t at, void* stream) {
    if (auto status = check_sample_heat(
            values, heatmap, keypoints, counts, heatmap_dtype, heatmap_batch_stride, B, N, K, h, w,
            H, W, at))
        return status;
    const int64_t total = B * N * K;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kCornerRule);
    return with_head(heatmap_dtype, [&](auto type) {
        return launch<sample<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, values,
            static_cast<const decltype(type)*>(heatmap), keypoints, counts, upsampling, total, N, K,
            heatmap_batch_stride, (ReadingPoint)at);
    });
}
#endif
