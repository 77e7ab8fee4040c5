#include "../shared/movenet_positions.h"

using namespace posetrack;

pt_status pt_movenet_positions_cpu(
    float* keypoints, const int32_t* cells, const float* regressed, const void* local_offset,
    const void* heatmap, const int32_t* counts, pt_dtype dtype, int64_t local_offset_batch_stride,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w) {
    const RegressedPoses poses = {cells, regressed, counts, N, K};
    const PositionHeads heads = {local_offset_batch_stride, heatmap_batch_stride, h, w};
    if (auto status =
            check_movenet_positions(keypoints, poses, local_offset, heatmap, dtype, heads, B))
        return status;
    return with_head(dtype, [&](auto type) {
        const auto* offset = static_cast<const decltype(type)*>(local_offset);
        const auto* heat = static_cast<const decltype(type)*>(heatmap);
        for (int64_t i = 0; i < B * N * K; ++i)
            place_keypoint(keypoints + 2 * i, poses, offset, heat, heads, i);
        return (pt_status)PT_OK;
    });
}
