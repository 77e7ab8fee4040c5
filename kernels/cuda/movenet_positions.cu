#include "../shared/movenet_positions.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
template <typename Head>
__global__ void place_keypoints(
    float* keypoints, RegressedPoses poses, const Head* offset, const Head* heatmap,
    PositionHeads heads, int64_t total) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < total) place_keypoint(keypoints + 2 * i, poses, offset, heatmap, heads, i);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_movenet_positions_cuda(
    float* keypoints, const int32_t* cells, const float* regressed, const void* local_offset,
    const void* heatmap, const int32_t* counts, pt_dtype dtype, int64_t local_offset_batch_stride,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w,
    void* stream) {
    const RegressedPoses poses = {cells, regressed, counts, N, K};
    const PositionHeads heads = {local_offset_batch_stride, heatmap_batch_stride, h, w};
    if (auto status =
            check_movenet_positions(keypoints, poses, local_offset, heatmap, dtype, heads, B))
        return status;
    const int64_t total = B * N * K;
    return with_head(dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<place_keypoints<Head>>(
            {blocks_for(total), kThreads, 0, stream}, keypoints, poses,
            static_cast<const Head*>(local_offset), static_cast<const Head*>(heatmap), heads,
            total);
    });
}
#endif
