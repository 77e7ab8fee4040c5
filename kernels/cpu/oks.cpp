#include "../shared/oks.h"

#include <algorithm>

namespace posetrack {
namespace {

constexpr int64_t kTogether = 32; /* keypoints compared side by side, then added in order */

PT_HD float oks_pair(
    const float* __restrict a, const float* __restrict b, const float* __restrict b_scores,
    float b_area, const float* __restrict sigmas, int64_t K) {
    if (!has_area(b_area)) return 0.0f;
    float similar[kTogether];
    float sum = 0.0f;
    int64_t present = 0;
    for (int64_t first = 0; first < K; first += kTogether) {
        const int64_t size = K - first < kTogether ? K - first : kTogether;
        for (int64_t i = 0; i < size; ++i) {
            const int64_t k = first + i;
            similar[i] = keypoint_similarity(a + 2 * k, b + 2 * k, b_scores[k], b_area, sigmas[k]);
        }
        int32_t here = 0;
        for (int64_t i = 0; i < size; ++i) here += is_present(b_scores[first + i]);
        for (int64_t i = 0; i < size; ++i) sum = plus(sum, similar[i]);
        present += here;
    }
    return mean_similarity(sum, present);
}

/* One pose of a with all of b. */
void fill_row(
    float* __restrict oks, const float* __restrict a, const float* __restrict b,
    const float* __restrict b_scores, const float* __restrict b_area,
    const float* __restrict sigmas, int64_t M, int64_t K) {
    for (int64_t m = 0; m < M; ++m)
        oks[m] = oks_pair(a, b + m * K * 2, b_scores + m * K, b_area[m], sigmas, K);
}

struct Poses {
    const float* keypoints; /* (N, K, 2) */
    const float* scores;    /* (N, K) */
    const float* areas;     /* (N) */
    const float* sigmas;    /* (K) */
    int64_t N, K;           /* N: how many poses count */
};

/* Whether pose n is too similar to one of the `kept` rows. */
bool is_dropped(
    const int32_t* __restrict kept, int32_t count, const Poses& poses, int64_t n, float threshold) {
    const int64_t K = poses.K;
    for (int32_t i = 0; i < count; ++i) {
        const int64_t m = kept[i];
        const float oks = oks_pair(
            poses.keypoints + n * K * 2, poses.keypoints + m * K * 2, poses.scores + m * K,
            poses.areas[m], poses.sigmas, K);
        if (is_alike(oks, threshold)) return true;
    }
    return false;
}

/* Writes the rows that stay, in input order; returns how many. */
int32_t suppress(int32_t* rows, const Poses& poses, float threshold) {
    int32_t count = 0;
    for (int64_t n = 0; n < poses.N; ++n)
        if (!is_dropped(rows, count, poses, n, threshold)) rows[count++] = (int32_t)n;
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_oks_matrix_cpu(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t N,
    int64_t M, int64_t K) {
    if (auto status =
            check_oks_matrix(oks, a, b, b_scores, b_area, sigmas, counts, other_counts, B, N, M, K))
        return status;
    for (int64_t i = 0; i < B * N; ++i) {
        const int64_t image = i / N, other = image * M;
        const bool counted = i % N < valid_rows(counts, image, N);
        const int64_t valid = counted ? valid_rows(other_counts, image, M) : 0;
        float* row = oks + i * M;
        fill_row(
            row, a + i * K * 2, b + other * K * 2, b_scores + other * K, b_area + other, sigmas,
            valid, K);
        std::fill(row + valid, row + M, 0.0f);
    }
    return PT_OK;
}

pt_status pt_nms_oks_visible_cpu(
    int32_t* rows, int32_t* count, const float* keypoints, const float* scores, const float* areas,
    const float* sigmas, const int32_t* counts, int64_t B, int64_t N, int64_t K, float threshold) {
    if (auto status = check_nms_oks_visible(
            rows, count, keypoints, scores, areas, sigmas, counts, B, N, K, threshold))
        return status;
    for (int64_t b = 0; b < B; ++b) {
        const int64_t valid = valid_rows(counts, b, N);
        const Poses poses = {
            keypoints + b * N * K * 2, scores + b * N * K, areas + b * N, sigmas, valid, K};
        count[b] = suppress(rows + b * N, poses, threshold);
        std::fill(rows + b * N + count[b], rows + (b + 1) * N, -1);
    }
    return PT_OK;
}
