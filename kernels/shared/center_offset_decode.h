/* One coordinate of one keypoint from its center's cell. */
#ifndef POSETRACK_SHARED_CENTER_OFFSET_DECODE_H
#define POSETRACK_SHARED_CENTER_OFFSET_DECODE_H

#include "check.h"

namespace posetrack {

/* Sizes and options of a call. */
struct Offsets {
    int64_t N, K, h, w, ratio, batch_stride;
    bool nearest, whole; /* how the cell is found, whether its place counts or the center's */
    float sign;
};

/* The cell of the offset map that a coordinate of a map `ratio` times as fine reads: the one that
 * covers it, or the nearest one.
 */
PT_HD int64_t offset_cell(int64_t fine, int64_t size, int64_t ratio, bool nearest) {
    if (!nearest) return fine / ratio;
    const int64_t cell = (2 * fine + ratio) / (2 * ratio);
    return cell < size ? cell : size - 1;
}

/* `cell` is offset_cell of the fine coordinate. */
PT_HD float offset_coordinate(
    int64_t fine, int64_t cell, int64_t ratio, bool whole, float offset, float sign) {
    const float position = whole ? (float)cell : (float)fine / (float)ratio;
    return position + sign * offset;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_center_offset_decode(
    const float* keypoints, const int32_t* cells, const void* offset, pt_dtype offset_dtype,
    int64_t offset_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, float sign,
    int64_t ratio, int64_t rule) {
    const bool known = rule == PT_RULE_FLOOR || rule == PT_RULE_ROUNDED || rule == PT_RULE_COVERING;
    const bool counted = ratio >= 1 && ratio <= kMaxSize / (h > w ? h : w > 0 ? w : 1);
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}, {"h", h}, {"w", w}})
        .that(is_finite(sign), "sign must be finite")
        .that(counted, "ratio must be at least 1, and ratio times h or w at most 2147483647")
        .that(known, "rule must be PT_RULE_FLOOR, PT_RULE_ROUNDED or PT_RULE_COVERING")
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("cells", cells, {B, N})
        .head("offset", offset, offset_dtype, offset_batch_stride, {B, 2 * K, h, w})
        .status();
}
#endif

}  // namespace posetrack

#endif
