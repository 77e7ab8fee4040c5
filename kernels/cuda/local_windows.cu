#include "../shared/local_windows.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per point and channel. */
template <typename Feature, typename Head>
__global__ void sample_meshes(
    Feature* features, const float* keypoints, const float* steps, const Head* embedding,
    const int32_t* counts, int64_t batch_stride, int64_t total, int64_t N, int64_t K, int64_t C,
    int64_t h, int64_t w, int64_t s, float stride) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t x = i % s, y = i / s % s, c = i / (s * s) % C;
    const int64_t keypoint = i / (s * s * C), k = keypoint % K, b = keypoint / (N * K);
    if (keypoint / K % N >= valid_rows(counts, b, N)) {
        store_as(features + i, 0);
        return;
    }
    const Neighbours column = mesh_neighbours(keypoints[2 * keypoint], steps[k * s + x], stride, w);
    const Neighbours row =
        mesh_neighbours(keypoints[2 * keypoint + 1], steps[k * s + y], stride, h);
    const Head* map = embedding + b * batch_stride + c * h * w;
    const Head* upper = map + row.low * w;
    const Head* lower = map + row.high * w;
    store_as(
        features + i, sampled(
                          to_float(upper[column.low]), to_float(lower[column.low]),
                          to_float(upper[column.high]), to_float(lower[column.high]),
                          row.low_weight, row.high_weight, column.low_weight, column.high_weight));
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_local_windows_scratch_bytes_cuda(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    return check_local_windows_sizes(features_dtype, embedding_dtype, C, h, w, s) ? -1 : 0;
}

pt_status pt_local_windows_cuda(
    void* features, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* steps, const void* embedding, const int32_t* counts, pt_dtype features_dtype,
    pt_dtype embedding_dtype, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride, void* stream) {
    if (auto status = check_local_windows(
            features, scratch, scratch_bytes, 0, keypoints, steps, embedding, counts,
            features_dtype, embedding_dtype, embedding_batch_stride, B, N, K, C, h, w, s, stride))
        return status;
    const int64_t total = B * N * K * C * s * s;
    return with_head(features_dtype, [&](auto feature) {
        return with_head(embedding_dtype, [&](auto type) {
            return launch<sample_meshes<decltype(feature), decltype(type)>>(
                {blocks_for(total), kThreads, 0, stream}, static_cast<decltype(feature)*>(features),
                keypoints, steps, static_cast<const decltype(type)*>(embedding), counts,
                embedding_batch_stride, total, N, K, C, h, w, s, stride);
        });
    });
}
#endif
