/* The cost of matching two boxes: how little they overlap. */
#ifndef POSETRACK_SHARED_IOU_COST_H
#define POSETRACK_SHARED_IOU_COST_H

#include "box_overlap.h"
#include "check.h"

namespace posetrack {

/* 1 where box_iou is 0, as it is for two empty boxes and for NaN. */
PT_HD double iou_cost(Box a, Box b) { return 1.0 - box_iou(a, b, 0.0); }

#if !defined(__CUDACC_RTC__)
inline pt_status check_iou_cost(
    const double* cost, const double* boxes, const double* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t T, int64_t N) {
    return Check()
        .sizes({{"B", B}, {"T", T}, {"N", N}})
        .array("cost", cost, {B, T, N})
        .array("boxes", boxes, {B, T, 4})
        .array("others", others, {B, N, 4})
        .optional("counts", counts, {B})
        .optional("other_counts", other_counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
