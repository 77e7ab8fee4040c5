/* Poses after their keypoints are found: scores, order, places; include posetrack_kernels.h. */
#ifndef POSETRACK_POSES_H
#define POSETRACK_POSES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

PT_SCRATCH(pt_select_poses, int64_t N);

/* The first M of the candidates whose score is above `min_score`: if `ranked` is not 0 in the order
 * of falling scores, of equal ones in the candidates' order, else in the candidates' order. Scores
 * of NaN are above nothing. All results are 0 behind the count, rows -1.
 */
PT_TWINS(
    pt_select_poses, float* taken_keypoints, /* (B, M, K, 2) */
    float* taken_keypoint_scores,            /* (B, M, K); 0 without; NULL: not wanted */
    float* taken_scores,                     /* (B, M) */
    float* taken_boxes,                      /* (B, M, 4); 0 without boxes; NULL: not wanted */
    int32_t* taken_rows,                     /* (B, M) of the N rows; -1 behind the count */
    int32_t* count,                          /* (B) how many are taken */
    void* scratch, int64_t scratch_bytes,    /* working memory */
    const float* keypoints,                  /* (B, N, K, 2) */
    const float* keypoint_scores,            /* (B, N, K); NULL: there are none yet */
    const float* scores,                     /* (B, N) */
    const float* boxes,                      /* (B, N, 4); NULL: poses have none */
    const int32_t* rows,   /* (B, N) candidates; numbers of no row are skipped; NULL: all rows */
    const int32_t* counts, /* (B) how many candidates of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, int64_t M, float min_score, int64_t ranked);

/* The score of each pose: its factor times the mean of those values of its keypoints that are
 * finite and above `found`; the mean is 0 where none is.
 *
 * The mean is the sum, in float32 and in the order of the keypoints, divided by their number.
 */
PT_TWINS(
    pt_pose_scores, float* scores, /* (B, N); 0 behind the count */
    const float* values,           /* (B, N, K) */
    const float* factors,          /* (B, N); NULL: 1 */
    const int32_t* counts,         /* (B) how many poses of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, float found);

/* Points in other coordinates: (m00 x + m01 y) + m02 and (m10 x + m11 y) + m12 in float64, rounded
 * to float32, and limited to [0, limit] if there are limits; NaN stays.
 */
PT_TWINS(
    pt_transform_points, float* transformed, /* (B, N, K, 2); 0 behind the count */
    const float* points,                     /* (B, N, K, 2) x, y */
    const double* matrices,                  /* (B, 2, 3) */
    const float* limits,   /* (B, 2) the largest x and y, not negative; NULL: no limits */
    const int32_t* counts, /* (B) how many rows of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K);

/* The box around those keypoints of each pose whose score is above `found`: their lowest and
 * highest x and y, NaN where one of them is. Around none it is inverted: from infinity to
 * -infinity.
 */
PT_TWINS(
    pt_keypoint_extents, float* boxes, /* (B, N, 4) x1, y1, x2, y2; 0 behind the count */
    const float* keypoints,            /* (B, N, K, 2) */
    const float* scores,               /* (B, N, K); NULL: all keypoints are found */
    const int32_t* counts,             /* (B) how many poses of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, float found);

/* The values of one test scale brought to the level of another: ((value / first value) * first
 * reference) * factor, in this order; 0 where the first value is not above 0.
 *
 * Values and references fall from the first on. An image without a reference that counts has the
 * reference 1.
 */
PT_TWINS(
    pt_level_scores, float* levelled, /* (B, N); 0 behind the count */
    int32_t* count,                   /* (B) leading ones that are above min_value */
    const float* values,              /* (B, N) */
    const float* reference,           /* (B, M) */
    const int32_t* counts,            /* (B) how many values of each image count; NULL: all N */
    const int32_t* reference_counts,  /* (B) likewise of references; NULL: all M */
    int64_t B, int64_t N, int64_t M, float factor, float min_value);

#ifdef __cplusplus
}
#endif

#endif
