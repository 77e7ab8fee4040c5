/* Similarity of poses, and suppression of those too similar; include posetrack_kernels.h. */
#ifndef POSETRACK_SIMILARITY_H
#define POSETRACK_SIMILARITY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Object keypoint similarity between every pose of a and every pose of b.
 *
 * Mean over the keypoints of b with a score above 0 of exp(-d^2 / (2 area (2 sigma)^2)); 0 for a
 * pose of b without keypoints or area. https://cocodataset.org/#keypoints-eval
 */
PT_TWINS(
    pt_oks_matrix, float* oks,   /* (B, N, M); 0 behind either count */
    const float* a,              /* (B, N, K, 2) */
    const float* b,              /* (B, M, K, 2) */
    const float* b_scores,       /* (B, M, K) */
    const float* b_area,         /* (B, M) */
    const float* sigmas,         /* (K) */
    const int32_t* counts,       /* (B) how many rows of a count in each image; NULL: all N */
    const int32_t* other_counts, /* (B) likewise of b; NULL: all M */
    int64_t B, int64_t N, int64_t M, int64_t K);

/* Greedy non-maximum suppression of poses that are sorted best first in each image.
 *
 * A pose is dropped if its OKS (pt_oks_matrix) to an earlier pose that stays, which is b, is above
 * `threshold`.
 */
PT_TWINS(
    pt_nms_oks_visible,
    int32_t* rows,          /* (B, N) rows that stay, in input order; -1 behind the last */
    int32_t* count,         /* (B) how many stay */
    const float* keypoints, /* (B, N, K, 2) */
    const float* scores,    /* (B, N, K) */
    const float* areas,     /* (B, N) */
    const float* sigmas,    /* (K) */
    const int32_t* counts,  /* (B) how many rows of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, float threshold);

/* Object keypoint similarity of found poses, in float64.
 *
 * Mean over all keypoints of exp(-d^2 / (2 area (2 sigma)^2)) with the mean area of the two; a
 * keypoint with a NaN coordinate adds 0.
 */
PT_TWINS(
    pt_oks_between, double* oks, /* (B, N, M); 0 behind either count */
    const float* keypoints,      /* (B, N, K, 2) */
    const float* areas,          /* (B, N) */
    const float* others,         /* (B, M, K, 2) */
    const float* other_areas,    /* (B, M) */
    const float* sigmas,         /* (K) */
    const int32_t* counts,       /* (B) how many rows of each image count; NULL: all N */
    const int32_t* other_counts, /* (B) likewise of others; NULL: all M */
    int64_t B, int64_t N, int64_t M, int64_t K);

PT_SCRATCH(pt_nms_oks_iou, int64_t B, int64_t N);

/* Greedy non-maximum suppression of people by their boxes, by their poses, or by both.
 *
 * Rows are taken best score first, of equal ones the earlier, NaN last. A row is dropped if its
 * overlap (pt_box_overlap) with a row that stays is above `iou_threshold`, or their similarity
 * (pt_oks_between) is above `oks_threshold`; where `both` is not 0, only if both are.
 */
PT_TWINS(
    pt_nms_oks_iou, int32_t* rows,        /* (B, N) rows that stay, best first; then -1 */
    int32_t* count,                       /* (B) how many stay */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* keypoints,               /* (B, N, K, 2); NULL: boxes alone decide */
    const float* areas,                   /* (B, N); may be NULL if keypoints is */
    const float* sigmas,                  /* (K); may be NULL if keypoints is */
    const float* boxes,                   /* (B, N, 4) x1, y1, x2, y2; NULL: poses alone decide */
    const float* scores,                  /* (B, N) */
    const int32_t* counts,                /* (B) how many rows of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, double oks_threshold, double iou_threshold, double edge,
    int64_t both);

PT_SCRATCH(pt_nms_near_keypoints, int64_t B, int64_t N, int64_t K);

/* Suppression of poses that have many keypoints near each other.
 *
 * Rows are visited in input order: a pose that is in no group yet forms one with all poses that
 * have more than `min_keypoints` keypoints nearer than `distance` to its own. The best pose of the
 * group, the first of equal ones, stays unless it is in an earlier group, too. If `relative` is not
 * 0, `distance` is a fraction of the diagonal of the extent of the pose that forms the group; a
 * pose without extent forms none.
 */
PT_TWINS(
    pt_nms_near_keypoints,
    int32_t* rows,  /* (B, N) rows that stay, in the order of their groups; -1 behind the last */
    int32_t* count, /* (B) how many stay */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* keypoints,               /* (B, N, K, 2) */
    const float* scores,                  /* (B, N); NaN counts as -infinity */
    const int32_t* counts,                /* (B) how many rows of each image count; NULL: all N */
    int64_t B, int64_t N, int64_t K, double distance, int64_t min_keypoints, int64_t relative);

#ifdef __cplusplus
}
#endif

#endif
