#include "../shared/local_windows.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per point and channel. */
template <typename Head>
__global__ void sample_meshes(
    float* features, const float* keypoints, const float* steps, const Head* embedding,
    int64_t total, int64_t N, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t x = i % s, y = i / s % s, c = i / (s * s) % C;
    const int64_t keypoint = i / (s * s * C), k = keypoint % K, b = keypoint / (N * K);
    const Neighbours column = mesh_neighbours(keypoints[2 * keypoint], steps[k * s + x], stride, w);
    const Neighbours row =
        mesh_neighbours(keypoints[2 * keypoint + 1], steps[k * s + y], stride, h);
    const Head* map = embedding + (b * C + c) * h * w;
    const Head* upper = map + row.low * w;
    const Head* lower = map + row.high * w;
    features[i] = sampled(
        to_float(upper[column.low]), to_float(lower[column.low]), to_float(upper[column.high]),
        to_float(lower[column.high]), row.low_weight, row.high_weight, column.low_weight,
        column.high_weight);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_local_windows_cuda(
    float* features, void* scratch, const float* keypoints, const float* steps,
    const void* embedding, pt_dtype embedding_dtype, int64_t B, int64_t N, int64_t K, int64_t C,
    int64_t h, int64_t w, int64_t s, float stride, void* stream) {
    (void)scratch; /* only the CPU twin needs it */
    if (B < 0 || N < 0 || K < 0 || C < 0 || h < 0 || w < 0 || s < 0) return PT_INVALID_ARGUMENT;
    if (h > kMaxSide || w > kMaxSide) return PT_INVALID_ARGUMENT;
    if (!(stride > 0)) return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * K * C * s * s;
    if (total == 0) return PT_OK;
    if (h == 0 || w == 0 || !features || !keypoints || !steps || !embedding)
        return PT_INVALID_ARGUMENT;
    return with_head(embedding_dtype, [&](auto type) {
        return launch<sample_meshes<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, features, keypoints, steps,
            static_cast<const decltype(type)*>(embedding), total, N, K, C, h, w, s, stride);
    });
}
#endif
