/* The tests of greedy box generation, in double precision, because thresholds decide them. */
#ifndef POSETRACK_SHARED_GENERATE_BOXES_H
#define POSETRACK_SHARED_GENERATE_BOXES_H

#include "box_overlap.h"
#include "scratch.h"

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

#if !defined(__CUDACC_RTC__)
/* `needed` is what the twin's function says of the scratch. */
inline pt_status check_generate_boxes(
    const float* generated, const int32_t* rows, const int32_t* count, const void* scratch,
    int64_t scratch_bytes, int64_t needed, const float* boxes, const float* scores,
    const int32_t* counts, int64_t B, int64_t N, int64_t per_group, double aspect) {
    return Check()
        .sizes({{"B", B}, {"N", N}})
        .that(per_group >= 0, "per_group must be 0 or more")
        .that(aspect > 0.0, "aspect must be above 0")
        .array("generated", generated, {B, N, 4})
        .array("rows", rows, {B, N})
        .array("count", count, {B})
        .array("boxes", boxes, {B, N, 4})
        .array("scores", scores, {B, N})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
