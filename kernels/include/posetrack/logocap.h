/* LOGO-CAP's local and global windows; include posetrack_kernels.h. */
#ifndef POSETRACK_LOGOCAP_H
#define POSETRACK_LOGOCAP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of scratch that pt_local_windows needs. */
PT_API size_t pt_local_windows_scratch_bytes(int64_t C, int64_t h, int64_t w, int64_t s);

/* The embedding at every point of the mesh around each keypoint, as the message passing network
 * reads it.
 *
 * Point (row, column) of keypoint k's mesh lies steps[k][column], steps[k][row] input pixels from
 * the keypoint, and pixel p at cell p / stride. Between cells the published rule holds, see
 * shared/map_sampling.h. A coordinate that is no number counts as 0. No side of the embedding may
 * exceed 2^24.
 */
PT_TWINS(
    pt_local_windows, float* features, /* (B, N, K * C, s, s), channel k * C + c */
    void* scratch,                     /* pt_local_windows_scratch_bytes(C, h, w, s) */
    const float* keypoints,            /* (B, N, K, 2) input pixels */
    const float* steps,                /* (K, s) input pixels */
    const void* embedding,             /* (B, C, h, w) */
    pt_dtype embedding_dtype, int64_t B, int64_t N, int64_t K, int64_t C, int64_t h, int64_t w,
    int64_t s, float stride);

/* Bytes of scratch that pt_global_adaptation needs. */
PT_API size_t pt_global_adaptation_scratch_bytes(int64_t g, int64_t s);

/* Keypoints moved to where the heatmap, spread by their own attraction map, is highest.
 *
 * Around each keypoint a window of g x g input pixels is read from the heatmap, enlarged to H x W
 * as torch does (half pixels minded) and sampled by the published rule; weighed; convolved, truly,
 * with the keypoint's kernel, and nothing beyond the window; and the two highest cells make the
 * new place and value. Equal cells go by row, then column; NaN is never highest. A keypoint without
 * finite coordinates, or whose window holds no number, stays and has the value 0.
 *
 * The CUDA twin needs about 4 * (g * g + s * s) + 4500 bytes of shared memory per block and refuses
 * what the GPU cannot give: windows up to 97 with kernels up to 19 fit every GPU.
 *
 * N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose Estimation",
 * CVPR 2022.
 */
PT_TWINS(
    pt_global_adaptation, float* adapted, /* (B, N, K, 2) input pixels */
    float* values,                        /* (B, N, K) */
    void* scratch,                        /* pt_global_adaptation_scratch_bytes(g, s) */
    const float* keypoints,               /* (B, N, K, 2) input pixels */
    const void* heatmap,                  /* (B, K, h, w) */
    const void* kernels,                  /* (B, N, K, s, s); NULL: no convolution */
    const float* weights,                 /* (g, g) of the window's cells */
    pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t heatmap_batch_stride, int64_t B,
    int64_t N, int64_t K, int64_t h, int64_t w, int64_t H, int64_t W, int64_t g /* odd */,
    int64_t s /* odd */, float first_weight /* of the highest; the second has the rest */,
    int64_t clamp /* 1: kernels are cut to [0, 1] and divided by s * s */);

#ifdef __cplusplus
}
#endif

#endif
