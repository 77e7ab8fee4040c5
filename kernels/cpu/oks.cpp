#include "../shared/oks.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_oks_matrix_cpu(
    float* oks, const float* a, const float* b, const float* b_scores, const float* b_area,
    const float* sigmas, int64_t N, int64_t M, int64_t K) {
    if (N < 0 || M < 0 || K < 0) return PT_INVALID_ARGUMENT;
    if (N == 0 || M == 0) return PT_OK;
    if (!oks || !b_area || (K > 0 && (!a || !b || !b_scores || !sigmas)))
        return PT_INVALID_ARGUMENT;
    for (int64_t n = 0; n < N; ++n)
        for (int64_t m = 0; m < M; ++m)
            oks[n * M + m] =
                oks_pair(a + n * K * 2, b + m * K * 2, b_scores + m * K, b_area[m], sigmas, K);
    return PT_OK;
}

pt_status pt_oks_nms_cpu(
    uint8_t* keep, const float* keypoints, const float* scores, const float* area,
    const float* sigmas, int64_t N, int64_t K, float threshold) {
    if (N < 0 || K < 0 || threshold != threshold) return PT_INVALID_ARGUMENT;
    if (N == 0) return PT_OK;
    if (!keep || !area || (K > 0 && (!keypoints || !scores || !sigmas))) return PT_INVALID_ARGUMENT;
    std::fill(keep, keep + N, (uint8_t)1);
    for (int64_t n = 0; n < N; ++n) {
        if (!keep[n]) continue;
        for (int64_t m = n + 1; m < N; ++m)
            if (keep[m] && oks_pair(
                               keypoints + m * K * 2, keypoints + n * K * 2, scores + n * K,
                               area[n], sigmas, K) > threshold)
                keep[m] = 0;
    }
    return PT_OK;
}
