#include "../shared/sample_heat.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_sample_heat_cpu(
    float* values, const void* heatmap, const float* keypoints, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, int64_t H,
    int64_t W, int64_t at) {
    if (B < 0 || N < 0 || K < 0 || h < 0 || w < 0 || H < 0 || W < 0) return PT_INVALID_ARGUMENT;
    if (heatmap_dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (at < PT_BETWEEN || at > PT_TRANSPOSED) return PT_INVALID_ARGUMENT;
    if (std::max({h, w, H, W}) > kMaxSide) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    if (!values || !keypoints || !heatmap) return PT_INVALID_ARGUMENT;
    if (h == 0 || w == 0 || H == 0 || W == 0) return PT_INVALID_ARGUMENT;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kCornerRule);
    for (int64_t i = 0; i < B * N * K; ++i) {
        const float* map =
            static_cast<const float*>(heatmap) + i / (N * K) * heatmap_batch_stride + i % K * h * w;
        values[i] =
            heat_at(map, upsampling, keypoints[2 * i], keypoints[2 * i + 1], (ReadingPoint)at);
    }
    return PT_OK;
}
