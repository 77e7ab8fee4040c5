#include "../shared/sample_heat.h"

#include <algorithm>

using namespace posetrack;

pt_status pt_sample_heat_cpu(
    float* values, const void* heatmap, const float* keypoints, const int32_t* counts,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t at) {
    if (auto status = check_sample_heat(
            values, heatmap, keypoints, counts, heatmap_dtype, heatmap_batch_stride, B, N, K, h, w,
            H, W, at))
        return status;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kCornerRule);
    return with_head(heatmap_dtype, [&](auto type) {
        const auto* maps = static_cast<const decltype(type)*>(heatmap);
        for (int64_t b = 0; b < B; ++b) {
            const auto* image = maps + b * heatmap_batch_stride;
            const float* points = keypoints + b * N * K * 2;
            float* out = values + b * N * K;
            const int64_t valid = valid_rows(counts, b, N) * K;
            for (int64_t i = 0; i < valid; ++i)
                out[i] = heat_at(
                    image + i % K * h * w, upsampling, points[2 * i], points[2 * i + 1],
                    (ReadingPoint)at);
            std::fill(out + valid, out + N * K, 0.0f);
        }
        return (pt_status)PT_OK;
    });
}
