/* Regressed keypoints refined by the heatmap around them; include posetrack_kernels.h. */
#ifndef POSETRACK_REFINEMENT_H
#define POSETRACK_REFINEMENT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where pt_sample_heat reads. PT_BETWEEN: bilinearly between four pixels, 0 where one of them does
 * not exist. PT_FLOOR: at the pixel that a keypoint lies in; outside the map, at the nearest border
 * pixel. PT_TRANSPOSED: at row x, column y, because the released code swaps them.
 */
#define PT_BETWEEN 0
#define PT_FLOOR 1
#define PT_TRANSPOSED 2

/* The heatmap's value at each keypoint, as if the heatmap were enlarged by PT_CORNER. */
PT_TWINS(
    pt_sample_heat, float* values, /* (B, N, K); 0 where a coordinate is NaN, behind the count */
    const void* heatmap,           /* (B, K, h, w) */
    const float* keypoints,        /* (B, N, K, 2) x, y in pixels of the enlarged map */
    const int32_t* counts,         /* (B) how many people of each image count; NULL: all N */
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t at);

/* Keypoints moved to the nearest of their peaks; of equally near ones to the first. All results
 * are 0 behind the count.
 */
PT_TWINS(
    pt_snap_to_peaks, float* points, /* (B, N, K, 2): the peak, or the keypoint itself */
    float* values,            /* (B, N, K) of the nearest peak, of the first where all are skipped;
                               * 0 where there are none */
    int32_t* moved,           /* (B, N, K): 1 if it is nearer than max_distance, else 0 */
    const float* keypoints,   /* (B, N, K, 2) x, y */
    const int32_t* cells,     /* (B, K, M) peaks, row * W + column; -1 is none */
    const float* peak_values, /* (B, K, M) */
    const float* unmoved,  /* (B, N, K) values of keypoints that stay; NULL: as those that move */
    const int32_t* counts, /* (B) how many people of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, int64_t M, int64_t W, float max_distance,
    float min_value /* peaks that are not above it are skipped */,
    float zero_at /* a nearest peak with this value or a lower one has the value 0 */);

/* Keypoints moved to the centre of the Gaussian that fits the heatmap around them best.
 *
 * height * exp(-r^2 / (2 sigma^2)) is fitted by least squares, with Levenberg-Marquardt steps as
 * MINPACK's lmdif takes them, to a window of the heatmap enlarged by PT_CORNER: the pixels within
 * `radius` of the pixel nearest to the keypoint, in each direction. As in the released code, a
 * window of h rows is laid out as if it had h columns, too: value number i, counted along the rows,
 * is taken to lie at row i / h, column i % h. That scrambles the windows that the border makes
 * oblong.
 *
 * A keypoint stays where its score is not above `min_score`, where the fit does not converge, where
 * a value is not finite, where its window has fewer than four pixels, and on the border unless
 * `clamped`, which moves it into the map first. Else, for a keypoint so far above or left of the
 * map that its window does not reach it, the released code reads negative indices, which count from
 * the map's other end: the fit covers most of the map and ends where it starts. So the keypoint
 * comes to its nearest pixel, with the height of the pixel at that negative index.
 */
PT_TWINS(
    pt_fit_gaussians, float* points, /* (B, N, K, 2); 0 behind the count */
    float* fitted_scores,            /* (B, N, K) the Gaussian's height x factor where a keypoint
                                      * moves, else its score; 0 behind the count */
    const void* heatmap,             /* (B, K, h, w) */
    const float* keypoints,          /* (B, N, K, 2) x, y in pixels of the enlarged map */
    const float* scores,             /* (B, N, K); keypoints above min_score are fitted */
    const float* factors,            /* (B, N); NULL: 1 */
    const int32_t* counts,           /* (B) how many people of each image count; NULL: all N */
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, float min_score, int64_t radius /* 0 to 7 */,
    double sigma /* of the first guess */,
    int64_t max_evaluations /* of the Gaussian; a set of derivatives counts as four */,
    int64_t clamped);

/* The input of the pose scoring network for each pose: vectors and lengths of its L links in units
 * of the pose's size, and the scores of its keypoints. */
PT_TWINS(
    pt_scoring_feature, void* features, /* (B, N, 3L + K): dx0, dy0, dx1, ..., lengths, scores; 0
                                         * behind the count */
    const float* keypoints,             /* (B, N, K, 2) */
    const float* scores,                /* (B, N, K) */
    const int32_t* counts,              /* (B) how many poses of each image count; NULL: all N */
    pt_dtype features_dtype, int64_t B, int64_t N, int64_t K /* 17 or 14 */,
    int64_t L /* links: 19 or 15 */);

#ifdef __cplusplus
}
#endif

#endif
