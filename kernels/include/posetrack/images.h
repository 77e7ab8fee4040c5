/* From images to a network's input; include posetrack_kernels.h. */
#ifndef POSETRACK_IMAGES_H
#define POSETRACK_IMAGES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(pt_size_image, int64_t H, int64_t W, int64_t h, int64_t w, double scale);

/* Zoom images uniformly into the top-left corner of the network's input.
 *
 * Output pixel i is the mean of the image around (i + 0.5) / scale - 0.5, weighted by a triangle
 * filter of radius max(1, 0.5 / scale) pixels that is cut at the image's edge and renormalised.
 * Down to half size that is bilinear interpolation; below half size every pixel of the image still
 * counts. Weights are multiples of 2^-11 and sums are integers, so every twin gives the same bytes.
 * Pixels whose centre lies outside the image take the border colour, 0xRRGGBB of an RGB image.
 */
PT_TWINS(
    pt_size_image, uint8_t* out,          /* (B, h, w, 3) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const uint8_t* image,                 /* (B, H, W, 3) */
    int64_t B, int64_t H, int64_t W, int64_t h, int64_t w,
    double scale /* 1 / 4096 to 16384; 0: the image fits as a whole */, int64_t border);

/* How an image lies in memory. NV12 has H rows of luma, then H / 2 rows with one u and one v for
 * each 2x2 pixels; its range is limited (16 to 235), and H and W are even.
 */
#define PT_RGB 0        /* (H, W, 3) */
#define PT_BGR 1        /* (H, W, 3) */
#define PT_NV12_BT601 2 /* (H * 3 / 2, W) */
#define PT_NV12_BT709 3 /* (H * 3 / 2, W) */

PT_SCRATCH(pt_preprocess, int64_t W, int64_t w);

/* Part of an image as network input: moved, scaled, rotated, normalised, one plane per channel.
 *
 * Output pixel (x, y) is the image at matrix (x, y, 1), interpolated bilinearly between four
 * pixels; those outside the image have the border colour, 0xRRGGBB. Coordinates are float64,
 * colours float32. A value is (colour - mean) / std, red first whatever the image's layout. Every
 * twin gives the same bytes.
 */
PT_TWINS(
    pt_preprocess, void* out,             /* (B, 3, h, w) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const uint8_t* images,                /* (B, ...) as `layout` says */
    const double* matrix,                 /* (B, 2, 3) output pixel -> image pixel */
    pt_dtype out_dtype, int64_t layout, int64_t B, int64_t H, int64_t W, int64_t h, int64_t w,
    float mean_red, float mean_green, float mean_blue, float std_red, float std_green,
    float std_blue, int64_t border);

#ifdef __cplusplus
}
#endif

#endif
