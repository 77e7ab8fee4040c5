#include "../shared/upsample_maps.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"
#include "enlarge.h"

namespace posetrack {
namespace {

void upsample(float* out, const float* map, const Upsampling& upsampling) {
    const int32_t H = (int32_t)upsampling.H, W = (int32_t)upsampling.W;
    for (int32_t left = 0; left < W; left += kMaxColumns)
        enlarge(out + left, map, upsampling, 0, left, H, std::min(W - left, kMaxColumns), W);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_upsample_maps_cpu(
    float* out, const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B,
    int64_t C, int64_t h, int64_t w, int64_t H, int64_t W, int64_t rule) {
    if (B < 0 || C < 0 || h < 0 || w < 0 || H < 0 || W < 0) return PT_INVALID_ARGUMENT;
    if (maps_dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (rule != PT_HALF_PIXEL && rule != PT_CORNER) return PT_INVALID_ARGUMENT;
    if (std::max({h, w, H, W}) > kMaxSide) return PT_INVALID_ARGUMENT;
    if (B == 0 || C == 0 || H == 0 || W == 0) return PT_OK;
    if (h == 0 || w == 0 || !out || !maps) return PT_INVALID_ARGUMENT;
    const Upsampling upsampling =
        upsampling_of(h, w, H, W, rule == PT_CORNER ? kCornerRule : kHalfPixelRule);
    for (int64_t i = 0; i < B * C; ++i)
        upsample(
            out + i * H * W,
            static_cast<const float*>(maps) + (i / C) * maps_batch_stride + (i % C) * h * w,
            upsampling);
    return PT_OK;
}
