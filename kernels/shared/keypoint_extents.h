/* The box around the found keypoints of a pose. */
#ifndef POSETRACK_SHARED_KEYPOINT_EXTENTS_H
#define POSETRACK_SHARED_KEYPOINT_EXTENTS_H

#include "check.h"

namespace posetrack {

struct FoundKeypoints {
    const float* keypoints; /* (B, N, K, 2) */
    const float* scores;    /* (B, N, K), or null: all are found */
    const int32_t* counts;  /* (B), or null */
    int64_t N, K;
    float found;
};

/* Writes x1, y1, x2, y2 of pose number n of all images. */
PT_HD void keypoint_extent(float* box, const FoundKeypoints& all, int64_t n) {
    const bool counted = n % all.N < valid_rows(all.counts, n / all.N, all.N);
    box[0] = box[1] = counted ? positive_infinity() : 0.0f;
    box[2] = box[3] = counted ? lowest_float() : 0.0f;
    for (int64_t i = n * all.K; counted && i < (n + 1) * all.K; ++i) {
        if (all.scores && !(all.scores[i] > all.found)) continue;
        const float x = all.keypoints[2 * i], y = all.keypoints[2 * i + 1];
        box[0] = lower_or_nan(box[0], x);
        box[1] = lower_or_nan(box[1], y);
        box[2] = higher_or_nan(box[2], x);
        box[3] = higher_or_nan(box[3], y);
    }
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_keypoint_extents(const float* boxes, const FoundKeypoints& all, int64_t B) {
    const int64_t N = all.N, K = all.K;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(!is_nan(all.found), "found must be a number")
        .array("boxes", boxes, {B, N, 4})
        .array("keypoints", all.keypoints, {B, N, K, 2})
        .optional("scores", all.scores, {B, N, K})
        .optional("counts", all.counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
