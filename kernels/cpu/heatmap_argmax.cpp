#include "../shared/heatmap_argmax.h"

#include <limits>

#include "../include/posetrack_kernels.h"
#include "highest.h"

namespace posetrack {
namespace {

pt_status check(
    const void* out, const float* values, const void* maps, pt_dtype dtype, int64_t B, int64_t K,
    int64_t h, int64_t w) {
    if (B < 0 || K < 0 || h < 0 || w < 0) return PT_INVALID_ARGUMENT;
    if (dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (h > 0 && w > std::numeric_limits<int32_t>::max() / h) return PT_INVALID_ARGUMENT;
    if (B == 0 || K == 0) return PT_OK;
    return out && values && (maps || h == 0 || w == 0) ? PT_OK : PT_INVALID_ARGUMENT;
}

/* Calls `visit(map, i)` for the i-th of all maps. */
template <typename Visit>
void for_each_map(
    const void* maps, int64_t batch_stride, int64_t B, int64_t K, int64_t size, Visit visit) {
    for (int64_t b = 0; b < B; ++b)
        for (int64_t k = 0; k < K; ++k) {
            const bool empty = size == 0; /* the pointer may be null */
            const float* map = static_cast<const float*>(maps);
            visit(empty ? map : map + b * batch_stride + k * size, b * K + k);
        }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_heatmap_argmax_cpu(
    int32_t* cells, float* values, const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride,
    int64_t B, int64_t K, int64_t h, int64_t w) {
    const pt_status status = check(cells, values, maps, maps_dtype, B, K, h, w);
    if (status != PT_OK) return status;
    for_each_map(maps, maps_batch_stride, B, K, h * w, [&](const float* map, int64_t i) {
        const Highest highest = highest_cell(map, h * w);
        cells[i] = highest.cell;
        values[i] = highest.value;
    });
    return PT_OK;
}

pt_status pt_quarter_offset_argmax_cpu(
    float* keypoints, float* values, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, float quarter) {
    const pt_status status = check(keypoints, values, maps, maps_dtype, B, K, h, w);
    if (status != PT_OK) return status;
    for_each_map(maps, maps_batch_stride, B, K, h * w, [&](const float* map, int64_t i) {
        const Highest highest = highest_cell(map, h * w);
        quarter_offset_keypoint(keypoints + 2 * i, map, highest, h, w, quarter);
        values[i] = highest.value;
    });
    return PT_OK;
}
