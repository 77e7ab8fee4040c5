#include "../shared/movenet_boxes.h"

using namespace posetrack;

pt_status pt_movenet_boxes_cpu(
    float* boxes, float* spread, const int32_t* peaks, const void* box_size, const void* box_offset,
    pt_dtype dtype, int64_t box_size_batch_stride, int64_t box_offset_batch_stride, int64_t B,
    int64_t N, int64_t h, int64_t w, float min_area, float share) {
    const BoxHeads heads = {box_size_batch_stride, box_offset_batch_stride, h, w};
    const BoxOptions options = {min_area, share};
    if (auto status = check_movenet_boxes(
            boxes, spread, peaks, box_size, box_offset, dtype, heads, B, N, options))
        return status;
    return with_head(dtype, [&](auto type) {
        const auto* sizes = static_cast<const decltype(type)*>(box_size);
        const auto* offsets = static_cast<const decltype(type)*>(box_offset);
        for (int64_t n = 0; n < B * N; ++n)
            movenet_box(
                boxes + 4 * n, spread + n, sizes + n / N * heads.size_stride,
                offsets + n / N * heads.offset_stride, peaks[n], h, w, options);
        return (pt_status)PT_OK;
    });
}
