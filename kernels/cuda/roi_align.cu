#include "../shared/roi_align.h"
#include "launch.cuh"

namespace posetrack {
namespace {

struct Pooling {
    int64_t N, C, h, w, rows, columns, samples, batch_stride;
    float stride, shift, from_stride, to_stride;
};

/* One thread per cell of the pooled grids. */
template <typename Head>
__global__ void pool_rois(
    float* pooled, const Head* map, const float* rois, int64_t total, Pooling pooling) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t q = i % pooling.columns, r = i / pooling.columns % pooling.rows;
    const int64_t plane = i / pooling.columns / pooling.rows, n = plane / pooling.C;
    const float* roi = rois + 4 * n;
    if (!suits(roi, pooling.from_stride, pooling.to_stride)) return;
    float sum = 0;
    if (pooling.h > 0 && pooling.w > 0) {
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
    pooled[i] = sum;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_roi_align_cuda(
    float* pooled, void* scratch, const void* map, const float* rois, pt_dtype map_dtype,
    int64_t map_batch_stride, int64_t B, int64_t N, int64_t C, int64_t h, int64_t w, int64_t rows,
    int64_t columns, int64_t samples, float stride, float shift, float from_stride, float to_stride,
    void* stream) {
    (void)scratch;
    if (B < 0 || N < 0 || C < 0 || h < 0 || w < 0 || rows < 0 || columns < 0 || samples < 1)
        return PT_INVALID_ARGUMENT;
    if (h > kMaxSide || w > kMaxSide || rows > INT32_MAX / samples ||
        columns > INT32_MAX / samples || !(stride > 0))
        return PT_INVALID_ARGUMENT;
    const int64_t total = B * N * C * rows * columns;
    if (total == 0) return PT_OK;
    if (!pooled || !rois || (h > 0 && w > 0 && !map)) return PT_INVALID_ARGUMENT;
    const Pooling pooling = {N,      C,       h,           w,
                             rows,   columns, samples,     map_batch_stride,
                             stride, shift,   from_stride, to_stride};
    return with_head(map_dtype, [&](auto type) {
        return launch<pool_rois<decltype(type)>>(
            {blocks_for(total), kThreads, 0, stream}, pooled,
            static_cast<const decltype(type)*>(map), rois, total, pooling);
    });
}
#endif
