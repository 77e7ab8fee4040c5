#include "../shared/roi_align.h"
#include "launch.cuh"

namespace posetrack {
namespace {

struct Pooling {
    int64_t N, C, h, w, rows, columns, samples, batch_stride;
    float stride, shift, from_stride, to_stride;
};

/* One thread per cell of the pooled grids. */
template <typename Head, typename Pooled>
__global__ void pool_rois(
    Pooled* pooled, const Head* map, const float* rois, const int32_t* counts, int64_t total,
    Pooling pooling) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t q = i % pooling.columns, r = i / pooling.columns % pooling.rows;
    const int64_t plane = i / pooling.columns / pooling.rows, n = plane / pooling.C;
    const float* roi = rois + 4 * n;
    const bool counted = n % pooling.N < valid_rows(counts, n / pooling.N, pooling.N);
    if (counted && !suits(roi, pooling.from_stride, pooling.to_stride)) return;
    float sum = 0;
    if (counted && pooling.h > 0 && pooling.w > 0) {
        const auto samples = (int32_t)pooling.samples;
        const RoiAxis across = {
            roi[0],
            roi[2],
            pooling.stride,
            pooling.shift,
            (int32_t)pooling.w,
            samples,
            (int32_t)pooling.columns * samples};
        const RoiAxis down = {
            roi[1],
            roi[3],
            pooling.stride,
            pooling.shift,
            (int32_t)pooling.h,
            samples,
            (int32_t)pooling.rows * samples};
        const Head* values =
            map + n / pooling.N * pooling.batch_stride + plane % pooling.C * pooling.h * pooling.w;
        for (int32_t u = 0; u < 2 * samples; ++u) {
            const RoiTap column = roi_tap(across, (int32_t)q * samples + u / 2, u % 2);
            float part = 0;
            for (int32_t v = 0; v < 2 * samples; ++v) {
                const RoiTap row = roi_tap(down, (int32_t)r * samples + v / 2, v % 2);
                const Head* at = values + row.cell * pooling.w + column.cell;
                part = with_tap(part, row.weight, to_float(*at));
            }
            sum = with_tap(sum, column.weight, part);
        }
    }
    store_as(pooled + i, sum);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_roi_align_scratch_bytes_cuda(int64_t w, int64_t rows, int64_t columns, int64_t samples) {
    return check_roi_grid(w, rows, columns, samples).status() ? -1 : 0;
}

pt_status pt_roi_align_cuda(
    void* pooled, void* scratch, int64_t scratch_bytes, const void* map, const float* rois,
    const int32_t* counts, pt_dtype pooled_dtype, pt_dtype map_dtype, int64_t map_batch_stride,
    int64_t B, int64_t N, int64_t C, int64_t h, int64_t w, int64_t rows, int64_t columns,
    int64_t samples, float stride, float shift, float from_stride, float to_stride, void* stream) {
    if (auto status = check_roi_align(
            pooled, scratch, scratch_bytes, 0, map, rois, counts, pooled_dtype, map_dtype,
            map_batch_stride, B, N, C, h, w, rows, columns, samples, stride))
        return status;
    const int64_t total = B * N * C * rows * columns;
    const Pooling pooling = {N,      C,       h,           w,
                             rows,   columns, samples,     map_batch_stride,
                             stride, shift,   from_stride, to_stride};
    return with_head(map_dtype, [&](auto head) {
        return with_head(pooled_dtype, [&](auto out) {
            return launch<pool_rois<decltype(head), decltype(out)>>(
                {blocks_for(total), kThreads, 0, stream}, static_cast<decltype(out)*>(pooled),
                static_cast<const decltype(head)*>(map), rois, counts, total, pooling);
        });
    });
}
#endif
