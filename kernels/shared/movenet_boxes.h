/* The box of a person at MoveNet's center. */
#ifndef POSETRACK_SHARED_MOVENET_BOXES_H
#define POSETRACK_SHARED_MOVENET_BOXES_H

#include "check.h"

namespace posetrack {

/* Of one map of h x w cells; batch strides count elements. */
struct BoxHeads {
    int64_t size_stride, offset_stride, h, w;
};

struct BoxOptions {
    float min_area, share;
};

/* Half of a side; NaN stays. */
PT_HD double half_side(float side) { return (double)(side < 0.0f ? 0.0f : side / 2.0f); }

/* Writes the box of one center, and the spread of its Gaussian; `size` and `offset` are (2, h, w).
 */
template <typename Head>
PT_HD void movenet_box(
    float* box, float* spread, const Head* size, const Head* offset, int64_t cell, int64_t h,
    int64_t w, BoxOptions options) {
    if (!is_cell(cell, h, w)) {
        box[0] = box[1] = box[2] = box[3] = *spread = 0.0f;
        return;
    }
    const int64_t area = h * w;
    const double x = (double)(cell % w) + (double)to_float(offset[cell]);
    const double y = (double)(cell / w) + (double)to_float(offset[area + cell]);
    const double half_width = half_side(to_float(size[cell]));
    const double half_height = half_side(to_float(size[area + cell]));
    box[0] = (float)(x - half_width);
    box[1] = (float)(y - half_height);
    box[2] = (float)(x + half_width);
    box[3] = (float)(y + half_height);
    const float extent = (box[2] - box[0]) * (box[3] - box[1]);
    *spread = (extent < options.min_area ? options.min_area : extent) * options.share;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_movenet_boxes(
    const float* boxes, const float* spread, const int32_t* peaks, const void* box_size,
    const void* box_offset, pt_dtype dtype, const BoxHeads& heads, int64_t B, int64_t N,
    BoxOptions options) {
    const int64_t h = heads.h, w = heads.w;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"h", h}, {"w", w}})
        .cells("h", h, "w", w)
        .dtype("dtype", dtype)
        .that(!is_nan(options.min_area), "min_area must be a number")
        .that(!is_nan(options.share), "share must be a number")
        .array("boxes", boxes, {B, N, 4})
        .array("spread", spread, {B, N})
        .array("peaks", peaks, {B, N})
        .head("box_size", box_size, dtype, heads.size_stride, {B, 2, h, w})
        .head("box_offset", box_offset, dtype, heads.offset_stride, {B, 2, h, w})
        .status();
}
#endif

}  // namespace posetrack

#endif
