/* Where MoveNet's cells say that their keypoints are. */
#ifndef POSETRACK_SHARED_MOVENET_POSITIONS_H
#define POSETRACK_SHARED_MOVENET_POSITIONS_H

#include "check.h"

namespace posetrack {

/* Of one map of h x w cells; batch strides count elements. */
struct PositionHeads {
    int64_t offset_stride, heatmap_stride, h, w;
};

/* One coordinate of the place that a cell says. */
template <typename Head>
PT_HD double said_place(int64_t position, const Head* offset, int64_t cell) {
    return (double)position + (double)to_float(offset[cell]);
}

/* The weighted mean of what the cells around (column, row) say. `offset` is (2, h, w), `heat`
 * (h, w).
 */
template <typename Head>
PT_HD void mean_of_neighbours(
    float* keypoint, const Head* offset, const Head* heat, int64_t column, int64_t row, int64_t h,
    int64_t w) {
    const double least = (double)from_bits(0x00800000u); /* the smallest normal float32 */
    double total = 0.0, x = 0.0, y = 0.0;
    for (int64_t v = row > 0 ? row - 1 : 0; v <= row + 1 && v < h; ++v)
        for (int64_t u = column > 0 ? column - 1 : 0; u <= column + 1 && u < w; ++u) {
            const int64_t cell = v * w + u;
            const double weight = (double)to_float(heat[cell]);
            total += weight;
            x += weight * said_place(u, offset, cell);
            y += weight * said_place(v, offset + h * w, cell);
        }
    if (total < least) total = least;
    keypoint[0] = (float)(x / total);
    keypoint[1] = (float)(y / total);
}

/* Writes a keypoint with a cell; `heat` may be null. */
template <typename Head>
PT_HD void movenet_position(
    float* keypoint, const Head* offset, const Head* heat, int64_t cell, int64_t h, int64_t w) {
    const int64_t column = cell % w, row = cell / w;
    if (heat) {
        mean_of_neighbours(keypoint, offset, heat, column, row, h, w);
        return;
    }
    keypoint[0] = (float)said_place(column, offset, cell);
    keypoint[1] = (float)said_place(row, offset + h * w, cell);
}

/* The arrays of all images that have a row for each pose. */
struct RegressedPoses {
    const int32_t* cells;   /* (B, N, K) */
    const float* regressed; /* (B, N, K, 2) */
    const int32_t* counts;  /* (B), or null */
    int64_t N, K;
};

/* Keypoint number i of all images. */
template <typename Head>
PT_HD void place_keypoint(
    float* keypoint, const RegressedPoses& poses, const Head* offset, const Head* heatmap,
    const PositionHeads& heads, int64_t i) {
    const int64_t b = i / (poses.N * poses.K), k = i % poses.K, area = heads.h * heads.w;
    const bool counted = i / poses.K % poses.N < valid_rows(poses.counts, b, poses.N);
    if (counted && is_cell(poses.cells[i], heads.h, heads.w)) {
        const Head* heat = heatmap ? heatmap + b * heads.heatmap_stride + k * area : nullptr;
        const Head* own = offset + b * heads.offset_stride + 2 * k * area;
        movenet_position(keypoint, own, heat, poses.cells[i], heads.h, heads.w);
        return;
    }
    keypoint[0] = counted ? poses.regressed[2 * i] : 0.0f;
    keypoint[1] = counted ? poses.regressed[2 * i + 1] : 0.0f;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_movenet_positions(
    const float* keypoints, const RegressedPoses& poses, const void* local_offset,
    const void* heatmap, pt_dtype dtype, const PositionHeads& heads, int64_t B) {
    const int64_t N = poses.N, K = poses.K, h = heads.h, w = heads.w;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}, {"h", h}, {"w", w}})
        .cells("h", h, "w", w)
        .dtype("dtype", dtype)
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("cells", poses.cells, {B, N, K})
        .array("regressed", poses.regressed, {B, N, K, 2})
        .head("local_offset", local_offset, dtype, heads.offset_stride, {B, 2, K, h, w})
        .head("heatmap", heatmap, dtype, heads.heatmap_stride, {heatmap ? B : 0, K, h, w})
        .optional("counts", poses.counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
