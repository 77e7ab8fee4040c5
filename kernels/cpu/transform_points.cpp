#include "../shared/transform_points.h"

using namespace posetrack;

pt_status pt_transform_points_cpu(
    float* transformed, const float* points, const double* matrices, const float* limits,
    const int32_t* counts, int64_t B, int64_t N, int64_t K) {
    if (auto status =
            check_transform_points(transformed, points, matrices, limits, counts, B, N, K))
        return status;
    const Coordinates to = {matrices, limits, counts, N, K};
    for (int64_t i = 0; i < B * N * K; ++i) transform_point(transformed, points, i, to);
    return PT_OK;
}
