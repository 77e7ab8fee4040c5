#include "../shared/merge_flipped.h"
#include "launch.cuh"

namespace posetrack {
namespace {

struct Heads {
    int64_t straight_batch_stride, flipped_batch_stride, C, h, w, shift;
};

/* One thread per cell. */
template <typename Head>
__global__ void merge_cells(
    float* merged, const Head* straight, const Head* flipped, const int32_t* order,
    const float* sign, const float* constant, int64_t total, Heads heads) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t area = heads.h * heads.w, image = i / (heads.C * area);
    const int64_t c = i / area % heads.C, cell = i % area, x = cell % heads.w;
    const float own = to_float(straight[image * heads.straight_batch_stride + c * area + cell]);
    const int64_t from = order[c];
    if (from < 0 || from >= heads.C) {
        merged[i] = own;
        return;
    }
    const int64_t there = cell - x + flipped_column(x, heads.w, heads.shift);
    float other = to_float(flipped[image * heads.flipped_batch_stride + from * area + there]);
    if (sign) other = turned(other, sign[c], constant[c]);
    merged[i] = mean_of_two(own, other);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_merge_flipped_scratch_bytes_cuda(pt_dtype /*dtype*/, int64_t w) {
    return Check().sizes({{"w", w}}).status() ? -1 : 0;
}

pt_status pt_merge_flipped_cuda(
    float* merged, void* scratch, int64_t scratch_bytes, const void* straight, const void* flipped,
    const int32_t* order, const float* sign, const float* constant, pt_dtype dtype,
    int64_t straight_batch_stride, int64_t flipped_batch_stride, int64_t B, int64_t C, int64_t h,
    int64_t w, int64_t shift, void* stream) {
    if (auto status = check_merge_flipped(
            merged, scratch, scratch_bytes, 0, straight, flipped, order, sign, constant, dtype,
            straight_batch_stride, flipped_batch_stride, B, C, h, w, shift))
        return status;
    const int64_t total = B * C * h * w;
    const Heads heads{straight_batch_stride, flipped_batch_stride, C, h, w, shift};
    return with_head(dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<merge_cells<Head>>(
            {blocks_for(total), kThreads, 0, stream}, merged, static_cast<const Head*>(straight),
            static_cast<const Head*>(flipped), order, sign, constant, total, heads);
    });
}
#endif
