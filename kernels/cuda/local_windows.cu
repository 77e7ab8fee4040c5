#include "../shared/local_windows.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int32_t kMeshThreads = 128; /* of a block: LOGO-CAP's meshes have 11 x 11 points */
constexpr int64_t kChannels = 16;     /* that a block samples */

PT_HD int64_t groups_of(int64_t C) { return (C + kChannels - 1) / kChannels; }

/* A block per keypoint and group of channels, a thread per point of the mesh. */
template <typename Feature, typename Head>
__global__ void __launch_bounds__(kMeshThreads) sample_meshes(
    Feature* features, const float* keypoints, const float* steps, const Head* embedding,
    const int32_t* counts, int64_t batch_stride, int32_t N, int32_t K, int32_t C, int32_t h,
    int32_t w, int32_t s, float stride) {
    const int32_t groups = (int32_t)groups_of(C), group = (int32_t)blockIdx.x % groups;
    const int32_t keypoint = (int32_t)blockIdx.x / groups, k = keypoint % K, b = keypoint / K / N;
    const int32_t first = group * (int32_t)kChannels;
    const int32_t channels = C - first < (int32_t)kChannels ? C - first : (int32_t)kChannels;
    const bool counted = keypoint / K % N < valid_rows(counts, b, N);
    const int64_t area = (int64_t)h * w, points = (int64_t)s * s;
    const float x = keypoints[2 * (int64_t)keypoint], y = keypoints[2 * (int64_t)keypoint + 1];
    for (int64_t point = threadIdx.x; point < points; point += kMeshThreads) {
        const int32_t v = (int32_t)(point / s), u = (int32_t)(point % s);
        const Neighbours column = mesh_neighbours(x, steps[(int64_t)k * s + u], stride, w);
        const Neighbours row = mesh_neighbours(y, steps[(int64_t)k * s + v], stride, h);
        const Head* upper = embedding + b * batch_stride + first * area + (int64_t)row.low * w;
        const Head* lower = upper + (int64_t)(row.high - row.low) * w;
        Feature* to = features + ((int64_t)keypoint * C + first) * points + point;
        for (int32_t c = 0; c < channels; ++c, upper += area, lower += area, to += points)
            store_as(
                to, counted ? sampled(
                                  to_float(upper[column.low]), to_float(lower[column.low]),
                                  to_float(upper[column.high]), to_float(lower[column.high]),
                                  row.low_weight, row.high_weight, column.low_weight,
                                  column.high_weight)
                            : 0);
    }
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
    if (s == 0) return PT_OK;
    const int64_t blocks = product_of({B, N, K, groups_of(C)});
    return with_head(features_dtype, [&](auto feature) {
        return with_head(embedding_dtype, [&](auto type) {
            return launch<sample_meshes<decltype(feature), decltype(type)>>(
                {blocks, (unsigned)kMeshThreads, 0, stream},
                static_cast<decltype(feature)*>(features), keypoints, steps,
                static_cast<const decltype(type)*>(embedding), counts, embedding_batch_stride,
                (int32_t)N, (int32_t)K, (int32_t)C, (int32_t)h, (int32_t)w, (int32_t)s, stride);
        });
    });
}
#endif
