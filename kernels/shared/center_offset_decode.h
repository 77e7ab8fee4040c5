/* One coordinate of one keypoint from its center's cell. */
#ifndef POSETRACK_SHARED_CENTER_OFFSET_DECODE_H
#define POSETRACK_SHARED_CENTER_OFFSET_DECODE_H

#include "portable.h"

namespace posetrack {

PT_HD float offset_coordinate(int64_t position, float offset, float sign) {
    return (float)position + sign * offset;
}

}  // namespace posetrack

#endif
