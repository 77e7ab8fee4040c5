#include "../shared/center_offset_decode.h"

#include "../include/posetrack_kernels.h"

using namespace posetrack;

pt_status pt_center_offset_decode_cpu(
    float* keypoints, const int32_t* cells, const float* offset, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, float sign) {
    if (B < 0 || N < 0 || K < 0 || h < 0 || w < 0) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    if (!keypoints || !cells || (h > 0 && w > 0 && !offset)) return PT_INVALID_ARGUMENT;
    for (int64_t i = 0; i < B * N; ++i)
        if (cells[i] >= h * w) return PT_INVALID_ARGUMENT;
    for (int64_t i = 0; i < B * N; ++i) {
        const float* at = offset + (i / N) * 2 * K * h * w + cells[i];
        float* pose = keypoints + i * 2 * K;
        for (int64_t k = 0; k < K; ++k) {
            const bool none = cells[i] < 0;
            pose[2 * k] = none ? 0.0f : offset_coordinate(cells[i] % w, at[2 * k * h * w], sign);
            pose[2 * k + 1] =
                none ? 0.0f : offset_coordinate(cells[i] / w, at[(2 * k + 1) * h * w], sign);
        }
    }
    return PT_OK;
}
