/* LOGO-CAP's local windows: where the points of a keypoint's mesh lie on the embedding. */
#ifndef POSETRACK_SHARED_LOCAL_WINDOWS_H
#define POSETRACK_SHARED_LOCAL_WINDOWS_H

#include "map_sampling.h"

namespace posetrack {

/* A mesh point's neighbours along one axis; `keypoint` and `step` in input pixels. A NaN
 * coordinate takes the first cell.
 */
PT_HD Neighbours mesh_neighbours(float keypoint, float step, float stride, int64_t cells) {
    const float place = (keypoint + step) / stride;
    return sampled_neighbours(is_nan(place) ? 0.0f : place, cells);
}

}  // namespace posetrack

#endif
