#include "../shared/oks.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"
#include "dispatch.h"

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
PT_CLONES void fill_row(
    float* __restrict oks, const float* __restrict a, const float* __restrict b,
    const float* __restrict b_scores, const float* __restrict b_area,
    const float* __restrict sigmas, int64_t M, int64_t K) {
    for (int64_t m = 0; m < M; ++m)
        oks[m] = oks_pair(a, b + m * K * 2, b_scores + m * K, b_area[m], sigmas, K);
}

/* Drops who is like pose n, from the next pose on. */
PT_CLONES void suppress(
    uint8_t* __restrict keep, const float* __restrict keypoints, const float* __restrict scores,
    float area, const float* __restrict sigmas, int64_t n, int64_t N, int64_t K, float threshold) {
    const float* pose = keypoints + n * K * 2;
    for (int64_t m = n + 1; m < N; ++m) {
        if (!keep[m]) continue;
        const float oks = oks_pair(keypoints + m * K * 2, pose, scores + n * K, area, sigmas, K);
        if (is_alike(oks, threshold)) keep[m] = 0;
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_oks_matrix_cpu(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, int64_t B, int64_t N, int64_t M, int64_t K) {
    if (B < 0 || N < 0 || M < 0 || K < 0) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || M == 0) return PT_OK;
    if (!oks || !b_area || (K > 0 && (!a || !b || !b_scores || !sigmas)))
        return PT_INVALID_ARGUMENT;
    for (int64_t n = 0; n < B * N; ++n) {
        const int64_t other = n / N * M;
        fill_row(
            oks + n * M, a + n * K * 2, b + other * K * 2, b_scores + other * K, b_area + other,
            sigmas, M, K);
    }
    return PT_OK;
}

pt_status pt_nms_oks_visible_cpu(
    uint8_t* keep, const float* keypoints, const float* scores, const float* area,
    const float* sigmas, int64_t B, int64_t N, int64_t K, float threshold) {
    if (B < 0 || N < 0 || K < 0 || threshold != threshold) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0) return PT_OK;
    if (!keep || !area || (K > 0 && (!keypoints || !scores || !sigmas))) return PT_INVALID_ARGUMENT;
    std::fill(keep, keep + B * N, (uint8_t)1);
    for (int64_t b = 0; b < B; ++b) {
        uint8_t* image = keep + b * N;
        const float *poses = keypoints + b * N * K * 2, *their_scores = scores + b * N * K;
        for (int64_t n = 0; n < N; ++n)
            if (image[n])
                suppress(image, poses, their_scores, area[b * N + n], sigmas, n, N, K, threshold);
    }
    return PT_OK;
}
