#include "../shared/movenet_boxes.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per center. */
template <typename Head>
__global__ void make_boxes(
    float* boxes, float* spread, const int32_t* peaks, const Head* size, const Head* offset,
    BoxHeads heads, int64_t total, int64_t N, BoxOptions options) {
    const int64_t n = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (n >= total) return;
    const int64_t b = n / N;
    movenet_box(
        boxes + 4 * n, spread + n, size + b * heads.size_stride, offset + b * heads.offset_stride,
        peaks[n], heads.h, heads.w, options);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_movenet_boxes_cuda(
    float* boxes, float* spread, const int32_t* peaks, const void* box_size, const void* box_offset,
    pt_dtype dtype, int64_t box_size_batch_stride, int64_t box_offset_batch_stride, int64_t B,
    int64_t N, int64_t h, int64_t w, float min_area, float share, void* stream) {
    const BoxHeads heads = {box_size_batch_stride, box_offset_batch_stride, h, w};
    const BoxOptions options = {min_area, share};
    if (auto status = check_movenet_boxes(
            boxes, spread, peaks, box_size, box_offset, dtype, heads, B, N, options))
        return status;
    const int64_t total = B * N;
    return with_head(dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<make_boxes<Head>>(
            {blocks_for(total), kThreads, 0, stream}, boxes, spread, peaks,
            static_cast<const Head*>(box_size), static_cast<const Head*>(box_offset), heads, total,
            N, options);
    });
}
#endif
