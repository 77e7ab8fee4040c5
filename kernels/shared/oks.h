/* Object keypoint similarity of one pair of poses. */
#ifndef POSETRACK_SHARED_OKS_H
#define POSETRACK_SHARED_OKS_H

#include "portable.h"

namespace posetrack {

PT_HD float oks_pair(
    const float* a, const float* b, const float* b_scores, float b_area, const float* sigmas,
    int64_t K) {
    if (!(b_area > 0.0f)) return 0.0f;
    float total = 0.0f;
    int32_t present = 0;
    for (int64_t k = 0; k < K; ++k) {
        if (!(b_scores[k] > 0.0f)) continue;
        const float dx = a[2 * k] - b[2 * k];
        const float dy = a[2 * k + 1] - b[2 * k + 1];
        const float deviation = 2.0f * sigmas[k];
        const float variance = 2.0f * b_area * (deviation * deviation);
        total += exp_of_negative(-(dx * dx + dy * dy) / variance);
        ++present;
    }
    return present > 0 ? total / (float)present : 0.0f;
}

}  // namespace posetrack

#endif
