/* RoIAlign along one axis: which cells a sample takes, and how much of each.
 *
 * A cell of the grid is the mean of its samples, and a sample the weighted mean of four cells. Both
 * weights are products of one per row and one per column, so the taps of rows and of columns are
 * enough.
 */
#ifndef POSETRACK_SHARED_ROI_ALIGN_H
#define POSETRACK_SHARED_ROI_ALIGN_H

#include "portable.h"

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

}  // namespace posetrack

#endif
