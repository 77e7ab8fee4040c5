/* Costs of matching boxes and features, and the matches; include posetrack_kernels.h. */
#ifndef POSETRACK_ASSOCIATION_H
#define POSETRACK_ASSOCIATION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 - intersection over union of every box and every other box; 1 where that is NaN. */
PT_TWINS(
    pt_iou_cost, double* cost, /* (B, T, N) */
    const double* boxes,       /* (B, T, 4) x1, y1, x2, y2 */
    const double* others,      /* (B, N, 4) */
    int64_t B, int64_t T, int64_t N);

/* Bytes of scratch that pt_appearance_cost needs. */
PT_API size_t pt_appearance_cost_scratch_bytes(int64_t B, int64_t T, int64_t N);

/* 1 - cosine of the angle between every feature and every other feature, 1 at most.
 *
 * A feature whose squared length is 0 or not a finite float32 costs 1 with all others.
 */
PT_TWINS(
    pt_appearance_cost, float* cost, /* (B, T, N) in [0, 1] */
    void* scratch,                   /* pt_appearance_cost_scratch_bytes(B, T, N) */
    const float* features,           /* (B, T, D), of any length */
    const float* others,             /* (B, N, D) */
    int64_t B, int64_t T, int64_t N, int64_t D);

/* Bytes of scratch that pt_assign needs. */
PT_API size_t pt_assign_scratch_bytes(int64_t B, int64_t T, int64_t N);

/* The one-to-one matches of least total cost, where leaving a row unmatched costs `gate`.
 *
 * Only pairs that cost less than `gate` are matched, pairs of NaN or infinite cost never. Where
 * several solutions cost the same, the costs alone decide which of them is returned. Found by
 * shortest augmenting paths with prices: Jonker and Volgenant, Computing 38, 1987.
 */
PT_TWINS(
    pt_assign, int32_t* match, /* (B, T) column of each row, -1 for none */
    void* scratch,             /* pt_assign_scratch_bytes(B, T, N) */
    const double* cost,        /* (B, T, N) */
    int64_t B, int64_t T, int64_t N, double gate /* finite */);

#ifdef __cplusplus
}
#endif

#endif
