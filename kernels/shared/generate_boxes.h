/* The tests of greedy box generation, in double precision, because thresholds decide them. */
#ifndef POSETRACK_SHARED_GENERATE_BOXES_H
#define POSETRACK_SHARED_GENERATE_BOXES_H

#include "box_overlap.h"
#include "portable.h"

namespace posetrack {

PT_HD bool is_large(Box box, double min_area) {
    const double width = box.x2 - box.x1, height = box.y2 - box.y1;
    return width > 0.0 && height > 0.0 && width * height >= min_area;
}

PT_HD bool is_reliable(float score, float reliable_score) { return score > reliable_score; }

PT_HD bool reaches(double overlap, double limit) { return overlap >= limit; }

/* Widens or heightens a box about its centre until width / height is `aspect`. */
PT_HD void extend_box(float* extended, Box box, double aspect) {
    const double x = (box.x1 + box.x2) / 2.0, y = (box.y1 + box.y2) / 2.0;
    const double width = larger_of(box.x2 - box.x1, (box.y2 - box.y1) * aspect);
    const double half_width = width / 2.0, half_height = width / aspect / 2.0;
    extended[0] = (float)(x - half_width);
    extended[1] = (float)(y - half_height);
    extended[2] = (float)(x + half_width);
    extended[3] = (float)(y + half_height);
}

}  // namespace posetrack

#endif
