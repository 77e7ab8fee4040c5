#include "../shared/heatmap_argmax.h"
#include "highest_cell.cuh"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One block per map; one of `cells` and `keypoints` is null and not written. */
template <typename Head>
__global__ void find_highest(
    int32_t* cells, float* keypoints, float* values, const Head* maps, int64_t batch_stride,
    int64_t K, int64_t h, int64_t w, float quarter) {
    const int64_t i = blockIdx.x, size = h * w;
    const Head* map = maps + (i / K) * batch_stride + (i % K) * size;
    Highest own = no_cell();
    for (int64_t cell = threadIdx.x; cell < size; cell += blockDim.x)
        own = with_cell(own, to_float(map[cell]), (int32_t)cell);
    const Highest highest = first_of_block(own);
    if (threadIdx.x != 0) return;
    values[i] = highest.value;
    if (cells) cells[i] = highest.cell;
    if (keypoints) quarter_offset_keypoint(keypoints + 2 * i, map, highest, h, w, quarter);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
namespace posetrack {
namespace {

pt_status start(
    int32_t* cells, float* keypoints, float* values, const void* maps, pt_dtype dtype,
    int64_t batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, float quarter, void* stream) {
    if (B < 0 || K < 0 || h < 0 || w < 0) return PT_INVALID_ARGUMENT;
    if (h > 0 && w > INT32_MAX / h) return PT_INVALID_ARGUMENT;
    if (B == 0 || K == 0) return PT_OK;
    if ((!cells && !keypoints) || !values || (h > 0 && w > 0 && !maps)) return PT_INVALID_ARGUMENT;
    return with_head(dtype, [&](auto type) {
        return launch<find_highest<decltype(type)>>(
            {B * K, kSearchers, 0, stream}, cells, keypoints, values,
            static_cast<const decltype(type)*>(maps), batch_stride, K, h, w, quarter);
    });
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_heatmap_argmax_cuda(
    int32_t* cells, float* values, const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride,
    int64_t B, int64_t K, int64_t h, int64_t w, void* stream) {
    return start(
        cells, nullptr, values, maps, maps_dtype, maps_batch_stride, B, K, h, w, 0, stream);
}

pt_status pt_quarter_offset_argmax_cuda(
    float* keypoints, float* values, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, float quarter,
    void* stream) {
    return start(
        nullptr, keypoints, values, maps, maps_dtype, maps_batch_stride, B, K, h, w, quarter,
        stream);
}
#endif
