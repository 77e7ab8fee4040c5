/* What a network says of an image and of its flipped image; include posetrack_kernels.h. */
#ifndef POSETRACK_FLIP_H
#define POSETRACK_FLIP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The mean of an image's head and its flipped image's, turned back.
 *
 * Channel c of the turned head is constant[c] + sign[c] * channel order[c] of the flipped one,
 * from right to left, moved to the right by `shift` cells; its first `shift` columns stay where
 * they were. A channel in order that does not exist is refused on the CPU; on CUDA the straight
 * channel stands alone.
 */
PT_TWINS(
    pt_merge_flipped, float* merged, /* (B, C, h, w) */
    const void* straight,            /* (B, C, h, w) */
    const void* flipped,             /* (B, C, h, w) */
    const int32_t* order,            /* (C) */
    const float* sign,               /* (C), or NULL, constant too: values as they are */
    const float* constant,           /* (C) */
    pt_dtype head_dtype, int64_t straight_batch_stride, int64_t flipped_batch_stride, int64_t B,
    int64_t C, int64_t h, int64_t w, int64_t shift);

#ifdef __cplusplus
}
#endif

#endif
