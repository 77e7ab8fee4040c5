#include "../shared/center_offset_decode.h"
#include "center_offset.cuh"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
template <typename Head>
__global__ void decode_offsets(
    float* keypoints, const int32_t* cells, const Head* offset, int64_t total, Offsets to) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const DecodedPlace place = decoded_place(cells, offset, i, to);
    keypoints[2 * i] = place.x;
    keypoints[2 * i + 1] = place.y;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_center_offset_decode_cuda(
    float* keypoints, const int32_t* cells, const void* offset, pt_dtype offset_dtype,
    int64_t offset_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, float sign,
    int64_t ratio, int64_t rule, void* stream) {
    if (auto status = check_center_offset_decode(
            keypoints, cells, offset, offset_dtype, offset_batch_stride, B, N, K, h, w, sign, ratio,
            rule))
        return status;
    const Offsets to{
        N,   K, h, w, ratio, offset_batch_stride, rule == PT_RULE_ROUNDED, rule != PT_RULE_FLOOR,
        sign};
    const int64_t total = B * N * K;
    return with_head(offset_dtype, [&](auto type) {
        return launch<decode_offsets<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, keypoints, cells,
            static_cast<const decltype(type)*>(offset), total, to);
    });
}
#endif
