/* Object keypoint similarity of one pair of poses. */
#ifndef POSETRACK_SHARED_OKS_H
#define POSETRACK_SHARED_OKS_H

#include "portable.h"

namespace posetrack {

PT_HD bool has_area(float area) { return area > 0.0f; }
PT_HD int32_t is_present(float score) { return score > 0.0f; }

/* What one keypoint of b adds; 0 if its score is not above 0, or a coordinate is NaN. */
PT_HD float keypoint_similarity(
    const float* a, const float* b, float b_score, float b_area, float sigma) {
    const float dx = a[0] - b[0], dy = a[1] - b[1];
    const float deviation = 2.0f * sigma;
    const float variance = 2.0f * b_area * (deviation * deviation);
    const float similar = exp_of_negative(-(dx * dx + dy * dy) / variance);
    return is_present(b_score) ? similar : 0.0f;
}

/* Keypoints are added in their order, so that every twin gets the same bits. */
PT_HD float plus(float sum, float similar) { return sum + similar; }

PT_HD float mean_similarity(float sum, int64_t present) {
    return present > 0 ? sum / (float)present : 0.0f;
}

PT_HD bool is_alike(float oks, float threshold) { return oks > threshold; }

}  // namespace posetrack

#endif
