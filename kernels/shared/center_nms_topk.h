/* Peaks of a map: which cell is one, and which of two comes first. */
#ifndef POSETRACK_SHARED_CENTER_NMS_TOPK_H
#define POSETRACK_SHARED_CENTER_NMS_TOPK_H

#include "portable.h"

namespace posetrack {

struct Peak {
    float score;
    int32_t cell;
};

/* The larger of two values; NaN gives way to anything. */
PT_HD float larger(float a, float b) { return (b > a || a != a) ? b : a; }

PT_HD bool is_peak(float value, float neighbourhood_max, float tolerance, float threshold) {
    return value > threshold && value >= neighbourhood_max - tolerance;
}

PT_HD bool comes_before(Peak a, Peak b) {
    return a.score > b.score || (a.score == b.score && a.cell < b.cell);
}

}  // namespace posetrack

#endif
