#include "../shared/level_scores.h"

using namespace posetrack;

pt_status pt_level_scores_cpu(
    float* levelled, int32_t* count, const float* values, const float* reference,
    const int32_t* counts, const int32_t* reference_counts, int64_t B, int64_t N, int64_t M,
    float factor, float min_value) {
    const Levels all = {values, reference, counts, reference_counts, N, M, factor, min_value};
    if (auto status = check_level_scores(levelled, count, all, B)) return status;
    for (int64_t b = 0; b < B; ++b) {
        const int64_t valid = valid_rows(counts, b, N);
        float* row = levelled + b * N;
        for (int64_t n = 0; n < N; ++n) row[n] = n < valid ? levelled_score(all, b, n) : 0.0f;
        count[b] = (int32_t)leading_values(row, valid, min_value, 0);
    }
    return PT_OK;
}
