/* The similarity of two poses with vectorised terms. */
#ifndef POSETRACK_CPU_OKS_TERMS_H
#define POSETRACK_CPU_OKS_TERMS_H

#include "../shared/oks_between.h"

namespace posetrack {

/* The same bits as oks_between: terms are computed side by side, then added in order. */
PT_HD double oks_by_terms(
    const float* __restrict a, const float* __restrict b, const float* __restrict sigmas,
    double area, int64_t K) {
    constexpr int64_t together = 32;
    double terms[together];
    double sum = 0.0;
    for (int64_t first = 0; first < K; first += together) {
        const int64_t size = K - first < together ? K - first : together;
        for (int64_t i = 0; i < size; ++i) {
            const int64_t k = first + i;
            terms[i] = oks_term(a + 2 * k, b + 2 * k, sigmas[k], area);
        }
        for (int64_t i = 0; i < size; ++i) sum = oks_sum(sum, terms[i]);
    }
    return oks_mean(sum, K);
}

}  // namespace posetrack

#endif
