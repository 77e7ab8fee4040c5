/* Convolutions whose taps are placed anew at every cell; include posetrack_kernels.h. */
#ifndef POSETRACK_ADAPTIVE_H
#define POSETRACK_ADAPTIVE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(
    pt_adaptive_convolution, pt_dtype dtype, int64_t cin, int64_t cout, int64_t h, int64_t w);

/* 3x3 convolution whose nine taps are placed by an affine map of each cell's own.
 *
 * With g = (y, x) in {-1, 0, 1}^2, the tap of weight[.., y + 1, x + 1] lies at
 * cell + spacing * g + matrix * g + translation. Between cells x is interpolated bilinearly;
 * outside it counts as 0, and so does a tap with a NaN coordinate. If taps are defined as a grid of
 * spacing `dilation` plus the offsets matrix * g - base * g, pass dilation - base as `spacing`.
 * No side of the map may exceed 2^24.
 */
PT_TWINS(
    pt_adaptive_convolution, float* out,  /* (B, cout, h, w) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* x,                        /* (B, cin, h, w) */
    const void* matrix,                   /* (B, 4, h, w) yy, yx, xy, xx, in cells */
    const void* translation,              /* (B, 2, h, w) y, x, in cells; NULL: none */
    const float* weight,                  /* (cout, cin, 3, 3) */
    pt_dtype dtype /* of x, matrix and translation */, int64_t x_batch_stride,
    int64_t matrix_batch_stride, int64_t translation_batch_stride, int64_t B, int64_t cin,
    int64_t cout, int64_t h, int64_t w, float spacing);

#ifdef __cplusplus
}
#endif

#endif
