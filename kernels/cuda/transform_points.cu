#include "../shared/transform_points.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per point. */
__global__ void transform_points(
    float* transformed, const float* points, int64_t total, Coordinates to) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < total) transform_point(transformed, points, i, to);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_transform_points_cuda(
    float* transformed, const float* points, const double* matrices, const float* limits,
    const int32_t* counts, int64_t B, int64_t N, int64_t K, void* stream) {
    if (auto status =
            check_transform_points(transformed, points, matrices, limits, counts, B, N, K))
        return status;
    const int64_t total = B * N * K;
    return launch<transform_points>(
        {blocks_for(total), kThreads, 0, stream}, transformed, points, total,
        Coordinates{matrices, limits, counts, N, K});
}
#endif
