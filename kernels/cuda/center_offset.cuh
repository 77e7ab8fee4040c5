/* A keypoint from its center's cell, for one thread. */
#ifndef POSETRACK_CUDA_CENTER_OFFSET_CUH
#define POSETRACK_CUDA_CENTER_OFFSET_CUH

#include "../shared/center_offset_decode.h"
#include "launch.cuh"

namespace posetrack {
namespace {

struct DecodedPlace {
    float x, y; /* in cells of the offset map; 0 where there is no center */
};

/* Keypoint number i of all images. */
template <typename Head>
__device__ DecodedPlace
decoded_place(const int32_t* cells, const Head* offset, int64_t i, const Offsets& to) {
    const int64_t pose = i / to.K, k = i % to.K, area = to.h * to.w, fine_w = to.ratio * to.w;
    const int64_t center = cells[pose];
    if (center < 0 || center >= to.ratio * to.h * fine_w) return {0, 0};
    const int64_t fine_x = center % fine_w, fine_y = center / fine_w;
    const int64_t x = offset_cell(fine_x, to.w, to.ratio, to.nearest);
    const int64_t y = offset_cell(fine_y, to.h, to.ratio, to.nearest);
    const Head* at = offset + pose / to.N * to.batch_stride + 2 * k * area + y * to.w + x;
    return {
        offset_coordinate(fine_x, x, to.ratio, to.whole, to_float(at[0]), to.sign),
        offset_coordinate(fine_y, y, to.ratio, to.whole, to_float(at[area]), to.sign)};
}

}  // namespace
}  // namespace posetrack

#endif
