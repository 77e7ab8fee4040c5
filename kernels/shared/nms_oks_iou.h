/* The order in which rows are visited, how many count, and when two are too similar. */
#ifndef POSETRACK_SHARED_NMS_OKS_IOU_H
#define POSETRACK_SHARED_NMS_OKS_IOU_H

#include "portable.h"

namespace posetrack {

/* Best score first; of equal ones the earlier row; NaN last. */
PT_HD bool ranks_before(float a_score, int32_t a, float b_score, int32_t b) {
    if (is_nan(a_score) || is_nan(b_score))
        return is_nan(a_score) == is_nan(b_score) ? a < b : is_nan(b_score);
    return a_score > b_score || (a_score == b_score && a < b);
}

PT_HD bool exceeds(double similarity, double threshold) { return similarity > threshold; }

PT_HD int64_t valid_rows(int64_t count, int64_t N) { return count < 0 ? 0 : count < N ? count : N; }

}  // namespace posetrack

#endif
