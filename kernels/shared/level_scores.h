/* Scores of one test scale at the level of another. */
#ifndef POSETRACK_SHARED_LEVEL_SCORES_H
#define POSETRACK_SHARED_LEVEL_SCORES_H

#include "check.h"

namespace posetrack {

struct Levels {
    const float* values;             /* (B, N) */
    const float* reference;          /* (B, M) */
    const int32_t* counts;           /* (B), or null */
    const int32_t* reference_counts; /* (B), or null */
    int64_t N, M;
    float factor, min_value;
};

/* Value n of image b, which counts; the order of the operations is that of the released code. */
PT_HD float levelled_score(const Levels& all, int64_t b, int64_t n) {
    const float first = all.values[b * all.N];
    const bool has_reference = valid_rows(all.reference_counts, b, all.M) > 0;
    const float reference = has_reference ? all.reference[b * all.M] : 1.0f;
    return first > 0.0f ? all.values[b * all.N + n] / first * reference * all.factor : 0.0f;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_level_scores(
    const float* levelled, const int32_t* count, const Levels& all, int64_t B) {
    const int64_t N = all.N, M = all.M;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"M", M}})
        .that(!is_nan(all.factor), "factor must be a number")
        .that(!is_nan(all.min_value), "min_value must be a number")
        .array("levelled", levelled, {B, N})
        .array("count", count, {B})
        .array("values", all.values, {B, N})
        .array("reference", all.reference, {B, M})
        .optional("counts", all.counts, {B})
        .optional("reference_counts", all.reference_counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
