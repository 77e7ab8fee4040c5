#include "../shared/center_offset_decode.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One thread per keypoint. */
template <typename Head>
__global__ void decode_offsets(
    float* keypoints, const int32_t* cells, const Head* offset, int64_t total, Offsets to) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t pose = i / to.K, k = i % to.K, area = to.h * to.w, fine_w = to.ratio * to.w;
    const int64_t center = cells[pose];
    if (center < 0 || center >= to.ratio * to.h * fine_w) {
        keypoints[2 * i] = keypoints[2 * i + 1] = 0;
        return;
    }
    const int64_t fine_x = center % fine_w, fine_y = center / fine_w;
    const int64_t x = offset_cell(fine_x, to.w, to.ratio, to.nearest);
    const int64_t y = offset_cell(fine_y, to.h, to.ratio, to.nearest);
    const Head* at = offset + pose / to.N * to.batch_stride + 2 * k * area + y * to.w + x;
    keypoints[2 * i] = offset_coordinate(fine_x, x, to.ratio, to.whole, to_float(at[0]), to.sign);
    keypoints[2 * i + 1] =
        offset_coordinate(fine_y, y, to.ratio, to.whole, to_float(at[area]), to.sign);
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
