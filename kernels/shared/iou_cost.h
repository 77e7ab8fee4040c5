/* The cost of matching two boxes: how little they overlap. */
#ifndef POSETRACK_SHARED_IOU_COST_H
#define POSETRACK_SHARED_IOU_COST_H

#include "box_overlap.h"

namespace posetrack {

/* 1 where box_iou is 0, as it is for two empty boxes and for NaN. */
PT_HD double iou_cost(Box a, Box b) { return 1.0 - box_iou(a, b, 0.0); }

}  // namespace posetrack

#endif
