/* What is applied to a network's heads behind the network; include posetrack_kernels.h. */
#ifndef POSETRACK_ACTIVATIONS_H
#define POSETRACK_ACTIVATIONS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 / (1 + e^-x) of every value; NaN stays. */
PT_TWINS(
    pt_sigmoid, float* activated, /* (B, C, h, w) */
    const void* heads,            /* (B, C, h, w) */
    pt_dtype heads_dtype, int64_t heads_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w);

PT_SCRATCH(pt_cell_probabilities, pt_dtype maps_dtype, int64_t h, int64_t w);

/* The softmax of each map over its cells: they become probabilities that add up to 1.
 *
 * A map with NaN or infinity becomes NaN, but for -infinity beside finite values: its probability
 * is 0. Cell i belongs to lane i % 256. A lane adds up its cells in their order; then the first
 * half of the lanes takes in the second one, until one lane is left.
 */
PT_TWINS(
    pt_cell_probabilities, float* probabilities, /* (B, C, h, w) */
    void* scratch, int64_t scratch_bytes,        /* working memory */
    const void* maps,                            /* (B, C, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w);

#ifdef __cplusplus
}
#endif

#endif
