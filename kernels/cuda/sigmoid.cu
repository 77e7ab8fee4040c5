#include "../shared/sigmoid.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per value; an image has `size` of them. */
template <typename Head>
__global__ void activate(
    float* activated, const Head* heads, int64_t total, int64_t size, int64_t batch_stride) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < total) activated[i] = sigmoid_of(to_float(heads[i / size * batch_stride + i % size]));
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_sigmoid_cuda(
    float* activated, const void* heads, pt_dtype heads_dtype, int64_t heads_batch_stride,
    int64_t B, int64_t C, int64_t h, int64_t w, void* stream) {
    if (auto status = check_sigmoid(activated, heads, heads_dtype, heads_batch_stride, B, C, h, w))
        return status;
    const int64_t size = C * h * w, total = B * size;
    return with_head(heads_dtype, [&](auto type) {
        return launch<activate<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, activated,
            static_cast<const decltype(type)*>(heads), total, size, heads_batch_stride);
    });
}
#endif
