/* How little two boxes overlap. */
#ifndef POSETRACK_SHARED_IOU_COST_H
#define POSETRACK_SHARED_IOU_COST_H

#include "box_overlap.h"

namespace posetrack {

/* 1 where box_iou knows no overlap: two empty boxes, a number missing. */
PT_HD double iou_cost(Box a, Box b) { return 1.0 - box_iou(a, b, 0.0); }

}  // namespace posetrack

#endif
