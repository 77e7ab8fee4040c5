/* Object keypoint similarity of two found poses: every keypoint counts, and the mean of their areas
 * sets the scale. In double precision, because it is compared with thresholds.
 */
#ifndef POSETRACK_SHARED_OKS_BETWEEN_H
#define POSETRACK_SHARED_OKS_BETWEEN_H

#include "rough_similarity.h"

namespace posetrack {

/* The mean of two areas, at least the spacing of doubles at 1; NaN is passed on. */
PT_HD double common_area(float a, float b) {
    const double least = 2.220446049250313e-16; /* np.spacing(1), which the released code adds */
    const double mean = ((double)a + (double)b) / 2.0;
    return mean <= least ? least : mean;
}

/* What one keypoint adds; 0 where a coordinate is NaN. */
PT_HD double oks_term(const float* a, const float* b, float sigma, double area) {
    const double dx = (double)a[0] - (double)b[0];
    const double dy = (double)a[1] - (double)b[1];
    const double deviation = 2.0 * (double)sigma;
    const double variance = deviation * deviation;
    return exp_of_negative_double(-(dx * dx + dy * dy) / (2.0 * variance * area));
}

/* Terms are added in order, so that every twin gets the same bits. */
PT_HD double oks_sum(double sum, double term) { return sum + term; }

PT_HD double oks_mean(double sum, int64_t K) { return K > 0 ? sum / (double)K : 0.0; }

PT_HD double oks_between(
    const float* a, const float* b, const float* sigmas, double area, int64_t K) {
    double sum = 0.0;
    for (int64_t k = 0; k < K; ++k)
        sum = oks_sum(sum, oks_term(a + 2 * k, b + 2 * k, sigmas[k], area));
    return oks_mean(sum, K);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_oks_between(
    const double* oks, const float* keypoints, const float* areas, const float* others,
    const float* other_areas, const float* sigmas, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, int64_t K) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"M", M}, {"K", K}})
        .array("oks", oks, {B, N, M})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("areas", areas, {B, N})
        .array("others", others, {B, M, K, 2})
        .array("other_areas", other_areas, {B, M})
        .array("sigmas", sigmas, {K})
        .optional("counts", counts, {B})
        .optional("other_counts", other_counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
