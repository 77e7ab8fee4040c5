/* Costs of matching boxes and features, and the matches; include posetrack_kernels.h. */
#ifndef POSETRACK_ASSOCIATION_H
#define POSETRACK_ASSOCIATION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 - intersection over union of every box and every other box; 1 where that is NaN. */
PT_TWINS(
    pt_iou_cost, double* cost,   /* (B, T, N); infinite behind either count */
    const double* boxes,         /* (B, T, 4) x1, y1, x2, y2 */
    const double* others,        /* (B, N, 4) */
    const int32_t* counts,       /* (B) how many boxes of each image count; NULL: all T */
    const int32_t* other_counts, /* (B) likewise of others; NULL: all N */
    int64_t B, int64_t T, int64_t N);

PT_SCRATCH(pt_appearance_cost, int64_t B, int64_t T, int64_t N);

/* 1 - cosine of the angle between every feature and every other feature, 1 at most.
 *
 * A feature whose squared length is 0 or not a finite float32 costs 1 with all others.
 */
PT_TWINS(
    pt_appearance_cost, float* cost,      /* (B, T, N) in [0, 1]; infinite behind either count */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* features,                /* (B, T, D), of any length */
    const float* others,                  /* (B, N, D) */
    const int32_t* counts,       /* (B) how many features of each image count; NULL: all T */
    const int32_t* other_counts, /* (B) likewise of others; NULL: all N */
    int64_t B, int64_t T, int64_t N, int64_t D);

PT_SCRATCH(pt_assign, int64_t B, int64_t T, int64_t N);

/* The one-to-one matches of least total cost, where leaving a row unmatched costs `gate`.
 *
 * Only pairs that cost less than `gate` are matched, pairs of NaN or infinite cost never. Where
 * several solutions cost the same, the costs alone decide which of them is returned. Found by
 * shortest augmenting paths with prices: Jonker and Volgenant, Computing 38, 1987.
 */
PT_TWINS(
    pt_assign, int32_t* match,            /* (B, T) column of each row, -1 for none */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const double* cost,                   /* (B, T, N) */
    int64_t B, int64_t T, int64_t N, double gate /* finite */);

#ifdef __cplusplus
}
#endif

#endif
