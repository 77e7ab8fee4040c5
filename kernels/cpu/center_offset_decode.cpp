#include "../shared/center_offset_decode.h"

namespace posetrack {
namespace {

template <typename Head>
void decode_offsets(
    float* keypoints, const int32_t* cells, const Head* offset, int64_t poses, const Offsets& to) {
    const int64_t area = to.h * to.w, fine_w = to.ratio * to.w;
    for (int64_t i = 0; i < poses; ++i) {
        float* pose = keypoints + i * 2 * to.K;
        if (cells[i] < 0) {
            for (int64_t k = 0; k < 2 * to.K; ++k) pose[k] = 0.0f;
            continue;
        }
        const int64_t fine_x = cells[i] % fine_w, fine_y = cells[i] / fine_w;
        const int64_t x = offset_cell(fine_x, to.w, to.ratio, to.nearest);
        const int64_t y = offset_cell(fine_y, to.h, to.ratio, to.nearest);
        const Head* at = offset + i / to.N * to.batch_stride + y * to.w + x;
        for (int64_t k = 0; k < to.K; ++k, at += 2 * area) {
            const float dx = to_float(at[0]), dy = to_float(at[area]);
            pose[2 * k] = offset_coordinate(fine_x, x, to.ratio, to.whole, dx, to.sign);
            pose[2 * k + 1] = offset_coordinate(fine_y, y, to.ratio, to.whole, dy, to.sign);
        }
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_center_offset_decode_cpu(
    float* keypoints, const int32_t* cells, const void* offset, pt_dtype offset_dtype,
    int64_t offset_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, float sign,
    int64_t ratio, int64_t rule) {
    if (auto status = check_center_offset_decode(
            keypoints, cells, offset, offset_dtype, offset_batch_stride, B, N, K, h, w, sign, ratio,
            rule))
        return status;
    const int64_t fine_area = ratio * h * (ratio * w);
    for (int64_t i = 0; i < B * N; ++i)
        if (cells[i] >= fine_area)
            return Check()
                .that(
                    false,
                    "cells must be below ratio * h * ratio * w: is `ratio` that of the map they "
                    "were found in?")
                .status();
    const Offsets to{
        N,   K, h, w, ratio, offset_batch_stride, rule == PT_RULE_ROUNDED, rule != PT_RULE_FLOOR,
        sign};
    with_head(offset_dtype, [&](auto type) {
        decode_offsets(keypoints, cells, static_cast<const decltype(type)*>(offset), B * N, to);
    });
    return PT_OK;
}
