/* The decoding of MoveNet MultiPose around pt_gaussian_argmax; include posetrack_kernels.h. */
#ifndef POSETRACK_MOVENET_H
#define POSETRACK_MOVENET_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The box of the person at each center, and the spread of the Gaussian that suits its size.
 *
 * The middle is the center's cell + its offset; a side below 0 counts as 0. Corners are computed in
 * float64 and rounded to float32, the area in float32 from the rounded corners. A cell outside the
 * map is none.
 */
PT_TWINS(
    pt_movenet_boxes,
    float* boxes,           /* (B, N, 4) x1, y1, x2, y2 in cells; 0 where there is no center */
    float* spread,          /* (B, N) cells^2: max(area, min_area) * share; 0 where there is none */
    const int32_t* peaks,   /* (B, N) cells of the centers; -1 is none */
    const void* box_size,   /* (B, 2, h, w) width, height in cells */
    const void* box_offset, /* (B, 2, h, w) x, y in cells */
    pt_dtype dtype, int64_t box_size_batch_stride, int64_t box_offset_batch_stride, int64_t B,
    int64_t N, int64_t h, int64_t w, float min_area, float share);

/* Where the cell of each keypoint says that it is: cell + its local offset.
 *
 * With a heatmap, the mean of what the 3 x 3 cells around it say, those in the map, weighted by
 * their heat, if that adds up to the smallest normal float32 or more (less counts as this). Sums
 * run in float64, row by row. A keypoint without a cell, -1 or outside the map, stays where it was
 * regressed.
 */
PT_TWINS(
    pt_movenet_positions, float* keypoints, /* (B, N, K, 2) x, y in cells; 0 behind the count */
    const int32_t* cells,                   /* (B, N, K); -1 is none */
    const float* regressed,                 /* (B, N, K, 2) x, y in cells */
    const void* local_offset,               /* (B, 2K, h, w) x0, y0, x1, ... in cells */
    const void* heatmap,   /* (B, K, h, w) not negative; NULL: each cell speaks for itself */
    const int32_t* counts, /* (B) how many poses of each image count; NULL: all N */
    pt_dtype dtype, int64_t local_offset_batch_stride, int64_t heatmap_batch_stride, int64_t B,
    int64_t N, int64_t K, int64_t h, int64_t w);

/* The published score of each keypoint: the heat at its cell times the largest weight that the
 * window of any pose of the image gives that cell. So a neighbour's window may lend its value.
 *
 * The windows are those of pt_gaussian_argmax, with one exponential for both axes.
 */
PT_TWINS(
    pt_movenet_shared_values, float* values, /* (B, N, K); 0 where there is no cell */
    const int32_t* cells,                    /* (B, N, K); -1 is none */
    const void* heatmap,                     /* (B, K, h, w), not negative */
    const float* centers,                    /* (B, N, K, 2) x, y of the Gaussians, in cells */
    const float* spread,                     /* (B, N) cells^2; not positive: there is no window */
    const float* boxes,    /* (B, N, 4) x1, y1, x2, y2 in cells, x1 <= column < x2 */
    const int32_t* counts, /* (B) how many poses of each image count; NULL: all N */
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w);

#ifdef __cplusplus
}
#endif

#endif
