/* Keypoints of single people from the maps of their crops: the highest cell, refined or moved by an
 * offset, or the expected place. B counts people here. Include posetrack_kernels.h.
 */
#ifndef POSETRACK_SINGLE_PERSON_H
#define POSETRACK_SINGLE_PERSON_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(pt_smooth_heatmaps, pt_dtype maps_dtype, int64_t h, int64_t w, double deviation);

/* Gaussian filter, first down the columns, then along the rows.
 *
 * Cells up to floor(4 * deviation + 0.5) away count; beyond the border the outermost cell repeats.
 * NaN spreads to every cell in whose sum it is. Values of more than half the largest float may
 * become infinite.
 */
PT_TWINS(
    pt_smooth_heatmaps, float* smoothed,  /* (B, K, h, w) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* maps,                     /* (B, K, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w,
    double deviation /* 0 to 64 cells */);

PT_SCRATCH(pt_heatmap_argmax, pt_dtype maps_dtype, int64_t h, int64_t w);

/* The highest cell of each map, the first of equal ones. NaN does not count; where all is NaN, the
 * cell is -1 and the value 0.
 */
PT_TWINS(
    pt_heatmap_argmax, int32_t* cells,    /* (B, K) */
    float* values,                        /* (B, K) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* maps,                     /* (B, K, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w);

PT_SCRATCH(pt_quarter_offset_argmax, pt_dtype maps_dtype, int64_t h, int64_t w);

/* The highest cell of each map, moved by `quarter` towards the higher of its neighbours in x and in
 * y; along an axis with NaN beside it, it is not moved.
 *
 * As in SimpleBaseline's released code, cells of the first two and of the last row and column stay,
 * and where nothing is above 0 the keypoint is (0, 0).
 */
PT_TWINS(
    pt_quarter_offset_argmax, float* keypoints, /* (B, K, 2) x, y in cells */
    float* values,                              /* (B, K) as pt_heatmap_argmax */
    void* scratch, int64_t scratch_bytes,       /* working memory */
    const void* maps,                           /* (B, K, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w,
    float quarter);

PT_SCRATCH(pt_fuse_offsets, pt_dtype dtype, int64_t h, int64_t w, double smoothing);

/* OGN: the highest cell of the smoothed heatmap plus radius * the offset there.
 *
 * The map is smoothed as by pt_smooth_heatmaps, its highest cell is that of pt_heatmap_argmax.
 * Where there is none, the keypoint is (0, 0) and the value 0.
 */
PT_TWINS(
    pt_fuse_offsets, float* keypoints,    /* (B, K, 2) x, y in cells */
    float* values,                        /* (B, K) of the heatmap before it was smoothed */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* heatmaps,                 /* (B, K, h, w) */
    const void* offsets,                  /* (B, 2K, h, w): x0, y0, x1, ...; NULL: none is added */
    pt_dtype dtype /* of both heads */, int64_t heatmaps_batch_stride, int64_t offsets_batch_stride,
    int64_t B, int64_t K, int64_t h, int64_t w, float radius, double smoothing /* 0 to 64 cells */);

PT_SCRATCH(
    pt_soft_argmax, pt_dtype logits_dtype, int64_t B, int64_t K, int64_t d, int64_t h, int64_t w);

/* The expected place under the softmax over all cells of a map; cell j of n lies at j / n - 0.5.
 *
 * A logit of -infinity or NaN has no weight; logits of +infinity share all of it. Where no cell has
 * weight, place and score are 0.
 */
PT_TWINS(
    pt_soft_argmax, float* places,        /* (B, K, dimensions) x, y, z */
    float* scores,                        /* (B, K) probability of the highest cell */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* logits,                   /* (B, K, d, h, w) */
    pt_dtype logits_dtype, int64_t logits_batch_stride, int64_t B, int64_t K, int64_t d, int64_t h,
    int64_t w, int64_t dimensions /* 2 or 3 */);

#ifdef __cplusplus
}
#endif

#endif
