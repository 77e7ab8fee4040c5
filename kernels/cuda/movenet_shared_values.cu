#include "../shared/movenet_shared_values.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
template <typename Head>
__global__ void share_values(
    float* values, Windows all, const int32_t* cells, const Head* heatmap, int64_t batch_stride,
    int64_t h, int64_t w, int64_t total) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < total) values[i] = shared_value(all, cells, heatmap, batch_stride, h, w, i);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_movenet_shared_values_cuda(
    float* values, const int32_t* cells, const void* heatmap, const float* centers,
    const float* spread, const float* boxes, const int32_t* counts, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w,
    void* stream) {
    const Windows all = {centers, spread, boxes, counts, N, K};
    if (auto status = check_movenet_shared_values(
            values, cells, heatmap, all, heatmap_dtype, heatmap_batch_stride, B, h, w))
        return status;
    const int64_t total = B * N * K;
    return with_head(heatmap_dtype, [&](auto type) {
        return launch<share_values<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, values, all, cells,
            static_cast<const decltype(type)*>(heatmap), heatmap_batch_stride, h, w, total);
    });
}
#endif
