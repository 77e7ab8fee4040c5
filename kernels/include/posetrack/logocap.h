/* LOGO-CAP's local and global windows; include posetrack_kernels.h. */
#ifndef POSETRACK_LOGOCAP_H
#define POSETRACK_LOGOCAP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(
    pt_local_windows, pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h,
    int64_t w, int64_t s);

/* The embedding at every point of a mesh around each keypoint: the input of the message passing
 * network.
 *
 * Point (row, column) of keypoint k's mesh lies steps[k][column], steps[k][row] input pixels from
 * the keypoint, and pixel p lies at cell p / stride. Between cells the embedding is interpolated as
 * in the released code, see shared/map_sampling.h. A NaN coordinate counts as 0. No side of the
 * embedding may exceed 2^24.
 */
PT_TWINS(
    pt_local_windows,
    void* features, /* (B, N, K * C, s, s), channel k * C + c; 0 behind the count */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* keypoints,               /* (B, N, K, 2) input pixels */
    const float* steps,                   /* (K, s) input pixels */
    const void* embedding,                /* (B, C, h, w) */
    const int32_t* counts,                /* (B) how many people of each image count; NULL: all N */
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t embedding_batch_stride, int64_t B,
    int64_t N, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride);

PT_SCRATCH(
    pt_center_windows, pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h,
    int64_t w, int64_t s);

/* LOGO-CAP's initial poses and the embedding around them, in one launch: the bytes of
 * pt_center_offset_decode by PT_RULE_FLOOR, times `stride`, and of pt_local_windows there.
 *
 * A pose is decoded wherever there is a center, behind the count, too. No side of the maps may
 * exceed 2^24.
 */
PT_TWINS(
    pt_center_windows, float* keypoints, /* (B, N, K, 2) input pixels; 0 where there is no center */
    void* features, /* (B, N, K * C, s, s), channel k * C + c; 0 behind the count */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const int32_t* cells,                 /* (B, N) of a map `ratio` times as fine; -1 for none */
    const void* offset,                   /* (B, 2K, h, w): x0, y0, x1, ... */
    const float* steps,                   /* (K, s) input pixels */
    const void* embedding,                /* (B, C, h, w) */
    const int32_t* counts,                /* (B) how many people of each image count; NULL: all N */
    pt_dtype features_dtype, pt_dtype offset_dtype, pt_dtype embedding_dtype,
    int64_t offset_batch_stride, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride /* input pixels of a cell */,
    float sign, int64_t ratio);

PT_SCRATCH(
    pt_global_adaptation, pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t K, int64_t h,
    int64_t w, int64_t g, int64_t s);

/* Keypoints moved to where the heatmap, convolved with their attraction maps, is highest.
 *
 * A window of g x g input pixels around each keypoint is read from the heatmap, which is enlarged
 * to H x W as by torch (PT_HALF_PIXEL, with the half-pixel shift) and sampled as in the released
 * code, see shared/map_sampling.h. The window is multiplied by the weights and convolved with the
 * keypoint's kernel: the kernel is flipped, as in a true convolution, and cells beyond the window
 * count as 0. The weighted means of the two highest cells are the new place and value; of equal
 * cells the one in the earlier row, then column, is the higher, and NaN does not count. A keypoint
 * without finite coordinates, or whose window is all NaN, stays and has the value 0.
 *
 * The CUDA twin needs about 4 * (g * g + s * s) + 4500 bytes of shared memory per block and refuses
 * more than the GPU has: windows up to 97 with kernels up to 19 fit on every GPU.
 *
 * N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose Estimation",
 * CVPR 2022.
 */
PT_TWINS(
    pt_global_adaptation, float* adapted, /* (B, N, K, 2) input pixels; 0 behind the count */
    float* values,                        /* (B, N, K) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* keypoints,               /* (B, N, K, 2) input pixels */
    const void* heatmap,                  /* (B, K, h, w) */
    const void* kernels,                  /* (B, N, K, s, s); NULL: no convolution */
    const float* weights,                 /* (g, g) that a window is multiplied by */
    const int32_t* counts,                /* (B) how many people of each image count; NULL: all N */
    pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t heatmap_batch_stride,
    int64_t kernels_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, int64_t H,
    int64_t W, int64_t g /* odd */, int64_t s /* odd; 1 without kernels */,
    float first_weight /* of the highest cell; 1 - first_weight of the second */,
    int64_t clamp /* 1: kernels are clipped to [0, 1] and divided by s * s */);

#ifdef __cplusplus
}
#endif

#endif
