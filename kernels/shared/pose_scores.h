/* The score of a pose from those of its keypoints. */
#ifndef POSETRACK_SHARED_POSE_SCORES_H
#define POSETRACK_SHARED_POSE_SCORES_H

#include "check.h"

namespace posetrack {

/* Mean of the finite values above `found`; 0 where there is none. */
PT_HD float mean_of_found(const float* values, int64_t K, float found) {
    float sum = 0.0f;
    int64_t count = 0;
    for (int64_t k = 0; k < K; ++k) {
        if (!(is_finite(values[k]) && values[k] > found)) continue;
        sum += values[k];
        ++count;
    }
    return count > 0 ? sum / (float)count : 0.0f;
}

/* Of pose number n of all images. */
PT_HD float pose_score(
    const float* values, const float* factors, const int32_t* counts, int64_t n, int64_t N,
    int64_t K, float found) {
    if (n % N >= valid_rows(counts, n / N, N)) return 0.0f;
    const float mean = mean_of_found(values + n * K, K, found);
    return factors ? factors[n] * mean : mean;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_pose_scores(
    const float* scores, const float* values, const float* factors, const int32_t* counts,
    int64_t B, int64_t N, int64_t K, float found) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(!is_nan(found), "found must be a number")
        .array("scores", scores, {B, N})
        .array("values", values, {B, N, K})
        .optional("factors", factors, {B, N})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
