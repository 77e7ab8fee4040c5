/* posetrack kernels: the C interface of every native post-processing step.
 *
 * Conventions
 *   - Outputs come first, then inputs, sizes, options. Every pointer carries its shape.
 *   - Arrays are dense and row-major; `*_batch_stride` counts elements from one image to the next.
 *   - The caller allocates everything. Scratch needs no alignment beyond that of double.
 *   - Sizes of zero do nothing and are fine. Same input, same output, every run.
 *   - Letters: B batch, N poses, M other poses, K keypoints, H x W image, h x w map.
 *   - A cell of a map is one number: row * w + column; -1 is none.
 */
#ifndef POSETRACK_KERNELS_H
#define POSETRACK_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define PT_API __declspec(dllexport)
#else
#define PT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What every kernel returns. */
typedef int32_t pt_status;
#define PT_OK 0
#define PT_INVALID_ARGUMENT 1 /* a null pointer, a negative size, or an option out of range */

/* Bytes of scratch that pt_size_image_cpu needs; 0 if a size is negative or the scale invalid. */
PT_API size_t pt_size_image_scratch_bytes(int64_t H, int64_t W, int64_t h, int64_t w, double scale);

/* Zoom an image uniformly into the top-left corner of the network's input.
 *
 * Output pixel i takes the image around (i + 0.5) / scale - 0.5 with a triangle filter of radius
 * max(1, 0.5 / scale) pixels, cut at the image's edge and renormalised: bilinear down to half
 * size, with every pixel of the image still counted below that. Weights are multiples of 2^-11
 * and sums are integers, so every twin gives the same bytes. Pixels whose centre lies outside the
 * image take the border colour.
 */
PT_API pt_status pt_size_image_cpu(
    uint8_t* out,          /* (h, w, 3) */
    void* scratch,         /* pt_size_image_scratch_bytes(H, W, h, w, scale) */
    const uint8_t* image,  /* (H, W, 3) */
    const uint8_t* border, /* (3) */
    int64_t H, int64_t W, int64_t h, int64_t w, double scale /* 1 / 4096 to 16384 */);

/* Bytes of scratch that pt_center_nms_topk_cpu needs. */
PT_API size_t pt_center_nms_topk_scratch_bytes(int64_t h, int64_t w);

/* The N highest local maxima of a map, highest first; equal ones by lower cell.
 *
 * A cell is a peak if it is above `threshold` and no cell of the square of side 2 * radius + 1
 * around it exceeds it by more than `tolerance`. NaN is never a peak and hides none.
 */
PT_API pt_status pt_center_nms_topk_cpu(
    int32_t* cells,   /* (B, N); -1 behind the last peak */
    float* scores,    /* (B, N); 0 behind the last peak */
    int32_t* count,   /* (B) peaks written */
    void* scratch,    /* pt_center_nms_topk_scratch_bytes(h, w) */
    const float* map, /* (B, h, w) */
    int64_t map_batch_stride, int64_t B, int64_t N, int64_t h, int64_t w, int64_t radius,
    float tolerance, float threshold);

/* Keypoints from centers: cell + sign * offset at the cell, in cells; 0 where the cell is none. */
PT_API pt_status pt_center_offset_decode_cpu(
    float* keypoints,     /* (B, N, K, 2) x, y in cells */
    const int32_t* cells, /* (B, N) */
    const float* offset,  /* (B, 2K, h, w): x0, y0, x1, ... */
    int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, float sign);

/* Bytes of scratch that pt_gaussian_argmax_cpu needs. */
PT_API size_t pt_gaussian_argmax_scratch_bytes(int64_t K, int64_t h, int64_t w);

/* For every keypoint of every pose, the cell where heatmap x Gaussian is highest.
 *
 * The weight of cell (row, column) is exp(-((column - x)^2 + (row - y)^2) / spread). Equal
 * values go to the lower cell; where none is above 0 (or NaN), the cell is -1 and the value 0.
 */
PT_API pt_status pt_gaussian_argmax_cpu(
    int32_t* cells,       /* (B, N, K) */
    float* values,        /* (B, N, K) heatmap x weight there */
    void* scratch,        /* pt_gaussian_argmax_scratch_bytes(K, h, w) */
    const float* heatmap, /* (B, K, h, w), not negative */
    const float* centers, /* (B, N, K, 2) x, y of the Gaussian, in cells */
    const float* spread,  /* (B, N) cells^2; not positive: that pose is left out */
    const float* boxes,   /* (B, N, 4) x1, y1, x2, y2 in cells, x1 <= column < x2; NULL: no limit */
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w);

/* Object keypoint similarity between every pose of a and every pose of b.
 *
 * Mean over the keypoints of b with a score above 0 of exp(-d^2 / (2 area (2 sigma)^2)); 0 for a
 * pose of b without keypoints or area. https://cocodataset.org/#keypoints-eval
 */
PT_API pt_status pt_oks_matrix_cpu(
    float* oks,            /* (N, M) */
    const float* a,        /* (N, K, 2) */
    const float* b,        /* (M, K, 2) */
    const float* b_scores, /* (M, K) */
    const float* b_area,   /* (M) */
    const float* sigmas,   /* (K) */
    int64_t N, int64_t M, int64_t K);

/* Greedy non-maximum suppression of poses that are sorted best first.
 *
 * A pose is dropped if its OKS to an earlier kept pose (whose area and keypoints count) is above
 * `threshold`.
 */
PT_API pt_status pt_oks_nms_cpu(
    uint8_t* keep,          /* (N) 1 = kept */
    const float* keypoints, /* (N, K, 2) */
    const float* scores,    /* (N, K) */
    const float* area,      /* (N) */
    const float* sigmas,    /* (K) */
    int64_t N, int64_t K, float threshold);

#ifdef __cplusplus
}
#endif

#endif
