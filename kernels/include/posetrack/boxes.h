/* Boxes: their overlap, which of them stay, and pooling of the maps inside them; include
 * posetrack_kernels.h.
 */
#ifndef POSETRACK_BOXES_H
#define POSETRACK_BOXES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Intersection over union of every pair of boxes, in float64; 0 where both are empty or a
 * coordinate is NaN. A side is `edge` longer than x2 - x1: 1 for boxes given by their first and
 * last pixel.
 */
PT_TWINS(
    pt_box_overlap, double* overlap, /* (B, N, M); 0 behind either count */
    const float* boxes,              /* (B, N, 4) x1, y1, x2, y2 */
    const float* others,             /* (B, M, 4) */
    const int32_t* counts,           /* (B) how many rows of each image count; NULL: all N */
    const int32_t* other_counts,     /* (B) likewise of others; NULL: all M */
    int64_t B, int64_t N, int64_t M, double edge);

PT_SCRATCH(pt_generate_boxes, int64_t B, int64_t N);

/* Greedy box generation.
 *
 * Boxes with less than `min_area` or a side not above 0 are dropped. A box with a score above
 * `reliable_score` is reliable; the others are dropped unless they overlap a reliable one by
 * `min_reliable_iou`. Taken best score first (of equal scores the earlier row, NaN last), each box
 * joins the first group all of whose members it overlaps by `group_iou`, or starts a new group. The
 * first `per_group` boxes of a group stay, extended about their centres until width / height is
 * `aspect`.
 */
PT_TWINS(
    pt_generate_boxes, float* generated,  /* (B, N, 4) extended, best first; 0 behind the last */
    int32_t* rows,                        /* (B, N) of `boxes`, best first; -1 behind the last */
    int32_t* count,                       /* (B) how many stay */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* boxes,                   /* (B, N, 4) x1, y1, x2, y2 */
    const float* scores,                  /* (B, N) */
    const int32_t* counts,                /* (B) how many rows of each image count; NULL: all N */
    int64_t B, int64_t N, double min_area, float reliable_score, double min_reliable_iou,
    double group_iou, int64_t per_group, double aspect);

PT_SCRATCH(pt_roi_align, int64_t w, int64_t rows, int64_t columns, int64_t samples);

/* Pool every RoI to a grid of cells, each the mean of samples * samples bilinear samples inside it.
 *
 * Cell j of the map lies at (j + shift) * stride - shift of the input. A sample outside the map
 * takes the nearest cell's value, one that is more than a cell outside counts as 0. For a pyramid,
 * call it once per level: a RoI of side s suits stride 16 s / 224, and a call pools only the RoIs
 * that suit a stride in [from_stride, to_stride). No side of the map may exceed 2^24.
 */
PT_TWINS(
    pt_roi_align, void* pooled,           /* (B, N, C, rows, columns); 0 behind the count; RoIs of
                                           * other levels stay as they are */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* map,                      /* (B, C, h, w) */
    const float* rois,                    /* (B, N, 4) x1, y1, x2, y2 in input pixels */
    const int32_t* counts,                /* (B) how many RoIs of each image count; NULL: all N */
    pt_dtype pooled_dtype, pt_dtype map_dtype, int64_t map_batch_stride, int64_t B, int64_t N,
    int64_t C, int64_t h, int64_t w, int64_t rows, int64_t columns, int64_t samples, float stride,
    float shift, float from_stride, float to_stride);

#ifdef __cplusplus
}
#endif

#endif
