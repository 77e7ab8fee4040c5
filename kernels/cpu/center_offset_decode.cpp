#include "../shared/center_offset_decode.h"

#include <limits>

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_center_offset_decode_cpu(
    float* keypoints, const int32_t* cells, const void* offset, pt_dtype offset_dtype, int64_t B,
    int64_t N, int64_t K, int64_t h, int64_t w, float sign, int64_t ratio, int64_t rule) {
    if (B < 0 || N < 0 || K < 0 || h < 0 || w < 0) return PT_INVALID_ARGUMENT;
    if (offset_dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (rule != PT_RULE_FLOOR && rule != PT_RULE_ROUNDED) return PT_INVALID_ARGUMENT;
    constexpr int64_t limit = std::numeric_limits<int32_t>::max();
    if (ratio < 1 || ratio > limit || h > limit / ratio || w > limit / ratio)
        return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    if (!keypoints || !cells || (h > 0 && w > 0 && !offset)) return PT_INVALID_ARGUMENT;
    const int64_t fine_w = ratio * w, fine_area = ratio * h * fine_w;
    for (int64_t i = 0; i < B * N; ++i)
        if (cells[i] >= fine_area) return PT_INVALID_ARGUMENT;
    const bool rounded = rule == PT_RULE_ROUNDED;
    for (int64_t i = 0; i < B * N; ++i) {
        float* pose = keypoints + i * 2 * K;
        if (cells[i] < 0) {
            for (int64_t k = 0; k < 2 * K; ++k) pose[k] = 0.0f;
            continue;
        }
        const int64_t fine_x = cells[i] % fine_w, fine_y = cells[i] / fine_w;
        const int64_t x = offset_cell(fine_x, w, ratio, rounded);
        const int64_t y = offset_cell(fine_y, h, ratio, rounded);
        const float* at = static_cast<const float*>(offset) + (i / N) * 2 * K * h * w + y * w + x;
        for (int64_t k = 0; k < K; ++k) {
            const float *dx = at + 2 * k * h * w, *dy = dx + h * w;
            pose[2 * k] = offset_coordinate(fine_x, x, ratio, rounded, *dx, sign);
            pose[2 * k + 1] = offset_coordinate(fine_y, y, ratio, rounded, *dy, sign);
        }
    }
    return PT_OK;
}
