/* A point in other coordinates. */
#ifndef POSETRACK_SHARED_TRANSFORM_POINTS_H
#define POSETRACK_SHARED_TRANSFORM_POINTS_H

#include "check.h"

namespace posetrack {

struct Coordinates {
    const double* matrices; /* (B, 2, 3) */
    const float* limits;    /* (B, 2), or null */
    const int32_t* counts;  /* (B), or null */
    int64_t N, K;
};

/* One of the new coordinates, from its row of the matrix. */
PT_HD float new_coordinate(const double* row, float x, float y, const float* limit) {
    const float value = (float)((row[0] * (double)x + row[1] * (double)y) + row[2]);
    if (!limit) return value;
    return value < 0.0f ? 0.0f : (value > *limit ? *limit : value);
}

/* Point number i of all images. */
PT_HD void transform_point(
    float* transformed, const float* points, int64_t i, const Coordinates& to) {
    const int64_t n = i / to.K, b = n / to.N;
    if (n % to.N >= valid_rows(to.counts, b, to.N)) {
        transformed[2 * i] = transformed[2 * i + 1] = 0.0f;
        return;
    }
    const double* matrix = to.matrices + 6 * b;
    const float* limits = to.limits ? to.limits + 2 * b : nullptr;
    const float x = points[2 * i], y = points[2 * i + 1];
    transformed[2 * i] = new_coordinate(matrix, x, y, limits);
    transformed[2 * i + 1] = new_coordinate(matrix + 3, x, y, limits ? limits + 1 : nullptr);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_transform_points(
    const float* transformed, const float* points, const double* matrices, const float* limits,
    const int32_t* counts, int64_t B, int64_t N, int64_t K) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .array("transformed", transformed, {B, N, K, 2})
        .array("points", points, {B, N, K, 2})
        .array("matrices", matrices, {B, 2, 3})
        .optional("limits", limits, {B, 2})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
