/* RoIAlign along one axis: which cells a sample takes, and how much of each.
 *
 * A cell of the grid is the mean of its samples, and a sample the weighted mean of four cells. Both
 * weights are products of one per row and one per column, so the taps of rows and of columns are
 * enough.
 */
#ifndef POSETRACK_SHARED_ROI_ALIGN_H
#define POSETRACK_SHARED_ROI_ALIGN_H

#include "scratch.h"

namespace posetrack {

struct RoiAxis {
    float low, high; /* the RoI's ends, input pixels */
    float stride;    /* input pixels per cell */
    float shift;     /* of a cell's middle, in cells: 0.5 or 0 */
    int32_t cells;   /* of the map, at least 1 */
    int32_t samples; /* per cell of the grid */
    int32_t count;   /* of all samples */
};

struct RoiTap {
    int32_t cell;
    float weight; /* 0: the cell is not read */
};

/* The cell before (side 0) or behind (side 1) a sample, and its weight. */
PT_HD RoiTap roi_tap(RoiAxis axis, int32_t sample, int32_t side) {
    const float step = ((float)sample + 0.5f) / (float)axis.count;
    const float pixel = axis.low + (axis.high - axis.low) * step;
    const float place = (pixel + axis.shift) * (1.0f / axis.stride) - axis.shift;
    const bool inside = place >= -1.0f && place <= (float)axis.cells;
    const float last = (float)(axis.cells - 1);
    const float above = place > 0.0f ? place : 0.0f;
    const float clamped = above < last ? above : last;
    const float cell = floorf(clamped);
    const float part = side ? clamped - cell : 1.0f - (clamped - cell);
    const int32_t index = (int32_t)cell + side;
    return {
        index < axis.cells ? index : axis.cells - 1, inside ? part / (float)axis.samples : 0.0f};
}

/* A tap of weight 0 adds nothing, even where its value is NaN. */
PT_HD float with_tap(float sum, float weight, float value) {
    return weight != 0.0f ? sum + weight * value : sum;
}

/* The stride of the map that suits a RoI: stride 16 suits 224 x 224 pixels, the input size of
 * networks for ImageNet. 1e-6 is added as in Detectron, against rounding.
 */
PT_HD float suited_stride(const float* roi) {
    const float area = (roi[2] - roi[0]) * (roi[3] - roi[1]);
    const float known = area > 0.0f ? area : 0.0f;
    return (sqrtf(known < 1e38f ? known : 1e38f) / 224.0f + 1e-6f) * 16.0f;
}

PT_HD bool suits(const float* roi, float from_stride, float to_stride) {
    const float stride = suited_stride(roi);
    return stride >= from_stride && stride < to_stride;
}

#if !defined(__CUDACC_RTC__)
inline Check check_roi_grid(int64_t w, int64_t rows, int64_t columns, int64_t samples) {
    const int64_t limit = samples > 0 ? kMaxSize / samples : 0;
    return Check()
        .sides({{"w", w}})
        .sizes({{"rows", rows}, {"columns", columns}})
        .that(samples >= 1, "samples must be 1 or more")
        .that(rows <= limit, "rows must be fewer: samples are numbered by int32_t")
        .that(columns <= limit, "columns must be fewer: samples are numbered by int32_t");
}

/* `needed` is what the twin's function says of the scratch. */
inline pt_status check_roi_align(
    const void* pooled, const void* scratch, int64_t scratch_bytes, int64_t needed, const void* map,
    const float* rois, const int32_t* counts, pt_dtype pooled_dtype, pt_dtype map_dtype,
    int64_t map_batch_stride, int64_t B, int64_t N, int64_t C, int64_t h, int64_t w, int64_t rows,
    int64_t columns, int64_t samples, float stride) {
    return check_roi_grid(w, rows, columns, samples)
        .sizes({{"B", B}, {"N", N}, {"C", C}})
        .sides({{"h", h}})
        .that(stride > 0.0f, "stride must be above 0")
        .head("pooled", pooled, pooled_dtype, {B, N, C, rows, columns})
        .head("map", map, map_dtype, map_batch_stride, {B, C, h, w})
        .array("rois", rois, {B, N, 4})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
