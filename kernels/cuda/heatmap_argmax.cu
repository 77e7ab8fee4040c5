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
    int32_t* cells, float* keypoints, float* values, void* scratch, int64_t scratch_bytes,
    const void* maps, pt_dtype dtype, int64_t batch_stride, int64_t B, int64_t K, int64_t h,
    int64_t w, bool quarters, float quarter, void* stream) {
    if (auto status = check_heatmap_argmax(
            cells, keypoints, values, scratch, scratch_bytes, 0, maps, dtype, batch_stride, B, K, h,
            w, quarters))
        return status;
    return with_head(dtype, [&](auto type) {
        return launch<find_highest<decltype(type)>>(
            {B * K, kSearchers, 0, stream}, cells, keypoints, values,
            static_cast<const decltype(type)*>(maps), batch_stride, K, h, w, quarter);
    });
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_heatmap_argmax_scratch_bytes_cuda(pt_dtype /*maps_dtype*/, int64_t h, int64_t w) {
    return check_searched_sizes(h, w) ? -1 : 0;
}

int64_t pt_quarter_offset_argmax_scratch_bytes_cuda(pt_dtype /*maps_dtype*/, int64_t h, int64_t w) {
    return check_searched_sizes(h, w) ? -1 : 0;
}

pt_status pt_heatmap_argmax_cuda(
    int32_t* cells, float* values, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w,
    void* stream) {
    return start(
        cells, nullptr, values, scratch, scratch_bytes, maps, maps_dtype, maps_batch_stride, B, K,
        h, w, false, 0, stream);
}

pt_status pt_quarter_offset_argmax_cuda(
    float* keypoints, float* values, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w,
    float quarter, void* stream) {
    return start(
        nullptr, keypoints, values, scratch, scratch_bytes, maps, maps_dtype, maps_batch_stride, B,
        K, h, w, true, quarter, stream);
}
#endif
