#include "../shared/upsample_maps.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per pixel. */
template <typename Head>
__global__ void upsample(
    float* out, const Head* maps, Upsampling upsampling, int64_t total, int64_t C,
    int64_t batch_stride) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t x = i % upsampling.W, y = i / upsampling.W % upsampling.H;
    const int64_t map = i / upsampling.W / upsampling.H;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    out[i] = upsampled_value(
        maps + map / C * batch_stride + map % C * area, upsampling, (int32_t)y, (int32_t)x);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_upsample_maps_cuda(
    float* out, const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B,
    int64_t C, int64_t h, int64_t w, int64_t H, int64_t W, int64_t rule, void* stream) {
    if (B < 0 || C < 0 || h < 0 || w < 0 || H < 0 || W < 0) return PT_INVALID_ARGUMENT;
    if (rule != PT_HALF_PIXEL && rule != PT_CORNER) return PT_INVALID_ARGUMENT;
    if (h > kMaxSide || w > kMaxSide || H > kMaxSide || W > kMaxSide) return PT_INVALID_ARGUMENT;
    const int64_t total = B * C * H * W;
    if (total == 0) return PT_OK;
    if (h == 0 || w == 0 || !out || !maps) return PT_INVALID_ARGUMENT;
    const Upsampling upsampling =
        upsampling_of(h, w, H, W, rule == PT_CORNER ? kCornerRule : kHalfPixelRule);
    return with_head(maps_dtype, [&](auto type) {
        return launch<upsample<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, out, static_cast<const decltype(type)*>(maps),
            upsampling, total, C, maps_batch_stride);
    });
}
#endif
