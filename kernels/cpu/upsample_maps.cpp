#include "../shared/upsample_maps.h"

#include <algorithm>

#include "enlarge.h"
#include "widen.h"

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

int64_t pt_upsample_maps_scratch_bytes_cpu(pt_dtype maps_dtype, int64_t h, int64_t w) {
    if (Check().sides({{"h", h}, {"w", w}}).status()) return -1;
    return scratch_bytes<WidenedMap>(maps_dtype, h, w);
}

pt_status pt_upsample_maps_cpu(
    float* out, void* scratch, int64_t scratch_bytes, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w, int64_t H, int64_t W,
    int64_t rule) {
    const int64_t needed = pt_upsample_maps_scratch_bytes_cpu(maps_dtype, h, w);
    if (auto status = check_upsample_maps(
            out, scratch, scratch_bytes, needed, maps, maps_dtype, maps_batch_stride, B, C, h, w, H,
            W, rule))
        return status;
    if (H == 0 || W == 0) return PT_OK;
    const auto working = lay_out<WidenedMap>(scratch, maps_dtype, h, w);
    const Upsampling upsampling = upsampling_of(h, w, H, W, upsampling_rule(rule));
    for (int64_t i = 0; i < B * C; ++i) {
        const int64_t first = i / C * maps_batch_stride + i % C * h * w;
        upsample(
            out + i * H * W, floats_of(maps, maps_dtype, first, h * w, working.cells), upsampling);
    }
    return PT_OK;
}
