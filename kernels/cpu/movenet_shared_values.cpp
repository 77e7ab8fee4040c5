#include "../shared/movenet_shared_values.h"

using namespace posetrack;

pt_status pt_movenet_shared_values_cpu(
    float* values, const int32_t* cells, const void* heatmap, const float* centers,
    const float* spread, const float* boxes, const int32_t* counts, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w) {
    const Windows all = {centers, spread, boxes, counts, N, K};
    if (auto status = check_movenet_shared_values(
            values, cells, heatmap, all, heatmap_dtype, heatmap_batch_stride, B, h, w))
        return status;
    return with_head(heatmap_dtype, [&](auto type) {
        const auto* maps = static_cast<const decltype(type)*>(heatmap);
        for (int64_t i = 0; i < B * N * K; ++i)
            values[i] = shared_value(all, cells, maps, heatmap_batch_stride, h, w, i);
        return (pt_status)PT_OK;
    });
}
