/* Maps enlarged to the network's input, and their peaks; include posetrack_kernels.h. */
#ifndef POSETRACK_UPSAMPLING_H
#define POSETRACK_UPSAMPLING_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a map of h x w cells becomes one of H x W pixels; both rules interpolate bilinearly and leave
 * a map of the same size as it is. No side may exceed 2^24.
 *
 * PT_HALF_PIXEL, with the half-pixel shift: cell i is centred on pixel (i + 0.5) * W / w - 0.5 and
 * the border repeats, as torch's interpolate(mode="bilinear", align_corners=False) does, bit for
 * bit. PT_CORNER, without that shift: cell i lies on pixel i * W / w and pixels behind the last
 * cell repeat it; the heatmap-guided networks and DEKR are decoded so.
 */
#define PT_HALF_PIXEL 0
#define PT_CORNER 1

PT_SCRATCH(pt_upsample_maps, pt_dtype maps_dtype, int64_t h, int64_t w);

/* The maps interpolated to another size. */
PT_TWINS(
    pt_upsample_maps, float* out,         /* (B, C, H, W) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* maps,                     /* (B, C, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w,
    int64_t H, int64_t W, int64_t rule);

PT_SCRATCH(
    pt_upsampled_peaks, pt_dtype maps_dtype, int64_t B, int64_t C, int64_t N, int64_t h, int64_t w,
    int64_t H, int64_t W);

/* The N strongest pixels of each enlarged map after non-maximum suppression, highest first; of
 * equal ones the lower cell first. The enlarged map is never stored.
 *
 * Suppression sets a pixel to 0 if another one of the square of side `window` around it
 * exceeds it, so all pixels of a plateau stay. Where fewer than N are above 0 after that, pixels of
 * 0 follow, then those below 0. NaN counts as 0 and suppresses none. Cells are those of the
 * enlarged map, row * W + column.
 *
 * A window of 0 stands for the one that DEKR was published with for a map of h x w: 7 where the
 * mean of both is above 300, 5 where it is above 200, else 3.
 */
PT_TWINS(
    pt_upsampled_peaks, int32_t* cells, /* (B, C, N); -1 where the map has fewer pixels */
    float* values,                      /* (B, C, N) after suppression; 0 where there is no cell */
    int32_t* count,                     /* (B, C) leading pixels whose value is above min_value, at
                                         * least at_least, but no more than have a cell */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const void* maps,                     /* (B, C, h, w) */
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C, int64_t N, int64_t h,
    int64_t w, int64_t H, int64_t W, int64_t window /* odd, 1 to 15, or 0 */, int64_t rule,
    float min_value, int64_t at_least);

#ifdef __cplusplus
}
#endif

#endif
