/* Intersection over union of two boxes, in double precision, because it is compared with
 * thresholds. */
#ifndef POSETRACK_SHARED_BOX_OVERLAP_H
#define POSETRACK_SHARED_BOX_OVERLAP_H

#include "check.h"

namespace posetrack {

struct Box {
    double x1, y1, x2, y2;
};

PT_HD Box box_at(const float* corners) {
    return {(double)corners[0], (double)corners[1], (double)corners[2], (double)corners[3]};
}

PT_HD Box box_at(const double* corners) { return {corners[0], corners[1], corners[2], corners[3]}; }

PT_HD double larger_of(double a, double b) { return a > b ? a : b; }
PT_HD double smaller_of(double a, double b) { return a < b ? a : b; }

PT_HD double box_area(Box box, double edge) {
    return (box.x2 - box.x1 + edge) * (box.y2 - box.y1 + edge);
}

/* The areas that two boxes have in common and cover. */
struct Cover {
    double common, whole;
};

PT_HD Cover cover_of(Box a, Box b, double edge) {
    const double width = smaller_of(a.x2, b.x2) - larger_of(a.x1, b.x1) + edge;
    const double height = smaller_of(a.y2, b.y2) - larger_of(a.y1, b.y1) + edge;
    const double common = larger_of(width, 0.0) * larger_of(height, 0.0);
    return {common, box_area(a, edge) + box_area(b, edge) - common};
}

PT_HD double iou_of(Cover cover) {
    const double share = cover.common / cover.whole; /* no branch, so that loops are vectorised */
    return cover.whole > 0.0 ? share : 0.0;
}

/* A side is `edge` longer than x2 - x1. 0 for two empty boxes, and where a coordinate is NaN. */
PT_HD double box_iou(Box a, Box b, double edge) { return iou_of(cover_of(a, b, edge)); }

/* Whether iou_of is above (below) a limit so clearly that no division is needed to know. */
PT_HD bool is_iou_surely_above(Cover cover, double limit) {
    const double bound = limit * cover.whole;
    return bound > 1e-200 && cover.common > bound * 1.000000001;
}

PT_HD bool is_iou_surely_below(Cover cover, double limit) {
    const double bound = limit * cover.whole;
    return bound > 1e-200 && cover.common < bound * 0.999999999;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_box_overlap(
    const double* overlap, const float* boxes, const float* others, const int32_t* counts,
    const int32_t* other_counts, int64_t B, int64_t N, int64_t M, double edge) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"M", M}})
        .that(!is_nan(edge), "edge must be a number")
        .array("overlap", overlap, {B, N, M})
        .array("boxes", boxes, {B, N, 4})
        .array("others", others, {B, M, 4})
        .optional("counts", counts, {B})
        .optional("other_counts", other_counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
