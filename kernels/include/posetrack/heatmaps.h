/* Centers in heatmaps, and the keypoints that belong to them; include posetrack_kernels.h. */
#ifndef POSETRACK_HEATMAPS_H
#define POSETRACK_HEATMAPS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(pt_center_nms_topk, pt_dtype maps_dtype, int64_t B, int64_t N, int64_t h, int64_t w);

/* The N highest local maxima of a map, highest first; of equal ones the lower cell first.
 *
 * A cell is a peak if it is above `threshold` and no cell of the square of side 2 * radius + 1
 * around it exceeds it by more than `tolerance`. NaN is never a peak and
 * suppresses none.
 */
PT_TWINS(
    pt_center_nms_topk, int32_t* cells,   /* (B, N); -1 behind the last peak */
    float* scores,                        /* (B, N); 0 behind the last peak */
    int32_t* count,                       /* (B) peaks written */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* maps,                     /* (B, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t N, int64_t h, int64_t w,
    int64_t radius, float tolerance, float threshold);

/* Keypoints from centers: position + sign * offset at the center's cell, in cells of the offset
 * map; 0 where there is no center (a cell below 0).
 *
 * Centers are cells of a map `ratio` times as fine, (ratio * h, ratio * w). PT_RULE_FLOOR: the
 * offset is read at the cell that covers the center, floor(center / ratio), and added to
 * center / ratio. PT_RULE_ROUNDED: the offset is read at the nearest cell of the offset map,
 * floor(center / ratio + 0.5), and added to it. PT_RULE_COVERING: the offset is read at the cell
 * that covers the center, and added to that cell. A center behind the last cell of its map is
 * refused by the CPU twin and counts as none for the CUDA twin, which could not report it without
 * waiting for the GPU.
 */
#define PT_RULE_FLOOR 0
#define PT_RULE_ROUNDED 1
#define PT_RULE_COVERING 2
PT_TWINS(
    pt_center_offset_decode, float* keypoints, /* (B, N, K, 2) x, y in cells of offset */
    const int32_t* cells,                      /* (B, N) */
    const void* offset,                        /* (B, 2K, h, w): x0, y0, x1, ... */
    pt_dtype offset_dtype, int64_t offset_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h,
    int64_t w, float sign, int64_t ratio, int64_t rule);

PT_SCRATCH(pt_gaussian_argmax, pt_dtype heatmap_dtype, int64_t K, int64_t h, int64_t w);

/* For every keypoint of every pose, the cell where heatmap x Gaussian is highest.
 *
 * The weight of cell (row, column) is exp(-((column - x)^2 + (row - y)^2) / spread). Equal
 * values go to the lower cell; where none is above 0 (or NaN), the cell is -1 and the value 0.
 */
PT_TWINS(
    pt_gaussian_argmax, int32_t* cells,   /* (B, N, K); -1 behind the count */
    float* values,                        /* (B, N, K) heatmap x weight there */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* heatmap,                  /* (B, K, h, w), not negative */
    const float* centers,                 /* (B, N, K, 2) x, y of the Gaussian, in cells */
    const float* spread,                  /* (B, N) cells^2; not positive: the pose is left out */
    const float* boxes, /* (B, N, 4) x1, y1, x2, y2 in cells, x1 <= column < x2; NULL: no limit */
    const int32_t* counts, /* (B) how many poses of each image count; NULL: all N */
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w);

#ifdef __cplusplus
}
#endif

#endif
