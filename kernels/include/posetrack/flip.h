/* The heads of an image and of its flipped image become one; include posetrack_kernels.h. */
#ifndef POSETRACK_FLIP_H
#define POSETRACK_FLIP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(pt_merge_flipped, pt_dtype dtype, int64_t w);

/* The mean of an image's head and of its flipped image's head, once that is flipped back.
 *
 * Flipped back, channel c is constant[c] + sign[c] * channel order[c] of `flipped`, read from right
 * to left and moved to the right by `shift` cells; its first `shift` columns stay where they were.
 * A channel in `order` that does not exist is refused by the CPU twin; the CUDA twin gives the
 * straight channel as it is.
 */
PT_TWINS(
    pt_merge_flipped, float* merged,      /* (B, C, h, w) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* straight,                 /* (B, C, h, w) */
    const void* flipped,                  /* (B, C, h, w) */
    const int32_t* order,                 /* (C) */
    const float* sign,     /* (C); NULL, as constant must be then: values as they are */
    const float* constant, /* (C); NULL as sign */
    pt_dtype dtype /* of both heads */, int64_t straight_batch_stride, int64_t flipped_batch_stride,
    int64_t B, int64_t C, int64_t h, int64_t w, int64_t shift);

#ifdef __cplusplus
}
#endif

#endif
