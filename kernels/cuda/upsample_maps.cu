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

int64_t pt_upsample_maps_scratch_bytes_cuda(pt_dtype /*maps_dtype*/, int64_t h, int64_t w) {
    return Check().sides({{"h", h}, {"w", w}}).status() ? -1 : 0;
}

pt_status pt_upsample_maps_cuda(
    float* out, void* scratch, int64_t scratch_bytes, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w, int64_t H, int64_t W,
    int64_t rule, void* stream) {
    if (auto status = check_upsample_maps(
            out, scratch, scratch_bytes, 0, maps, maps_dtype, maps_batch_stride, B, C, h, w, H, W,
            rule))
        return status;
    if (H == 0 || W == 0) return PT_OK;
    const int64_t total = B * C * H * W;
    const Upsampling upsampling = upsampling_of(h, w, H, W, upsampling_rule(rule));
    return with_head(maps_dtype, [&](auto type) {
        return launch<upsample<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, out, static_cast<const decltype(type)*>(maps),
            upsampling, total, C, maps_batch_stride);
    });
}
#endif
