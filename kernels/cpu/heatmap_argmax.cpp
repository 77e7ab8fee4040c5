#include "../shared/heatmap_argmax.h"

#include "highest.h"
#include "widen.h"

namespace posetrack {
namespace {

/* Calls `visit(map, i)` for the i-th of all maps. */
template <typename Visit>
void for_each_map(
    void* scratch, const void* maps, pt_dtype dtype, int64_t batch_stride, int64_t B, int64_t K,
    int64_t h, int64_t w, Visit visit) {
    const auto widened = lay_out<SearchedMap>(scratch, dtype, h, w);
    for (int64_t b = 0; b < B; ++b)
        for (int64_t k = 0; k < K; ++k) {
            const int64_t first = b * batch_stride + k * h * w;
            const bool empty = h == 0 || w == 0; /* the pointer may be null */
            visit(empty ? nullptr : floats_of(maps, dtype, first, h * w, widened.cells), b * K + k);
        }
}

int64_t scratch_of_search(pt_dtype dtype, int64_t h, int64_t w) {
    return check_searched_sizes(h, w) ? -1 : scratch_bytes<SearchedMap>(dtype, h, w);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_heatmap_argmax_scratch_bytes_cpu(pt_dtype maps_dtype, int64_t h, int64_t w) {
    return scratch_of_search(maps_dtype, h, w);
}

int64_t pt_quarter_offset_argmax_scratch_bytes_cpu(pt_dtype maps_dtype, int64_t h, int64_t w) {
    return scratch_of_search(maps_dtype, h, w);
}

pt_status pt_heatmap_argmax_cpu(
    int32_t* cells, float* values, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w) {
    if (auto status = check_heatmap_argmax(
            cells, nullptr, values, scratch, scratch_bytes, scratch_of_search(maps_dtype, h, w),
            maps, maps_dtype, maps_batch_stride, B, K, h, w, false))
        return status;
    auto visit = [&](const float* map, int64_t i) {
        const Highest highest = highest_cell(map, h * w);
        cells[i] = highest.cell;
        values[i] = highest.value;
    };
    for_each_map(scratch, maps, maps_dtype, maps_batch_stride, B, K, h, w, visit);
    return PT_OK;
}

pt_status pt_quarter_offset_argmax_cpu(
    float* keypoints, float* values, void* scratch, int64_t scratch_bytes, const void* maps,
    pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w,
    float quarter) {
    if (auto status = check_heatmap_argmax(
            nullptr, keypoints, values, scratch, scratch_bytes, scratch_of_search(maps_dtype, h, w),
            maps, maps_dtype, maps_batch_stride, B, K, h, w, true))
        return status;
    auto visit = [&](const float* map, int64_t i) {
        const Highest highest = highest_cell(map, h * w);
        quarter_offset_keypoint(keypoints + 2 * i, map, highest, h, w, quarter);
        values[i] = highest.value;
    };
    for_each_map(scratch, maps, maps_dtype, maps_batch_stride, B, K, h, w, visit);
    return PT_OK;
}
