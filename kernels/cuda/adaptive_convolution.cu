#include "../shared/adaptive_convolution.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kOutputs = 16;     /* output channels that a thread sums */
constexpr int kChannels = 64;    /* input channels whose weights lie in shared memory at a time */
constexpr unsigned kCells = 128; /* threads of a block, one cell each */

template <typename Head>
__device__ float cell_of(const Head* plane, int64_t row, int64_t column, int64_t h, int64_t w) {
    const bool inside = row >= 0 && row < h && column >= 0 && column < w;
    return inside ? to_float(plane[row * w + column]) : 0;
}

/* Elements from one image to the next. */
struct Strides {
    int64_t x, matrix, translation;
};

/* One block per run of cells, group of output channels and image. */
template <typename Head>
__global__ void convolve_adaptively(
    float* out, const Head* x, const Head* matrix, const Head* translation, const float* weight,
    Strides strides, int64_t cin, int64_t cout, int64_t h, int64_t w, float spacing, int64_t runs,
    int64_t groups) {
    __shared__ float weights[kChannels][kOutputs];
    const int64_t area = h * w, b = blockIdx.x / (runs * groups);
    const int64_t cell = blockIdx.x % runs * blockDim.x + threadIdx.x;
    const int64_t first = blockIdx.x / runs % groups * kOutputs;
    const bool works = cell < area; /* the other threads only help to load weights */
    const int64_t at = works ? cell : 0;
    const Head* m = matrix + b * strides.matrix + at;
    Affine affine = {
        to_float(m[0]), to_float(m[area]), to_float(m[2 * area]), to_float(m[3 * area]), 0, 0};
    if (translation) {
        affine.y = to_float(translation[b * strides.translation + at]);
        affine.x = to_float(translation[b * strides.translation + area + at]);
    }
    float sums[kOutputs] = {};
    for (int tap = 0; tap < kTaps; ++tap) {
        const Corners corners = corners_of(affine, tap, at / w, at % w, h, w, spacing);
        for (int64_t start = 0; start < cin; start += kChannels) {
            const int64_t rest = cin - start;
            const int count = rest < kChannels ? (int)rest : kChannels;
            __syncthreads();
            for (int i = (int)threadIdx.x; i < count * kOutputs; i += (int)blockDim.x) {
                const int64_t o = first + i % kOutputs, c = start + i / kOutputs;
                weights[i / kOutputs][i % kOutputs] =
                    o < cout ? weight[(o * cin + c) * kTaps + tap] : 0;
            }
            __syncthreads();
            const int64_t r = corners.row, s = corners.column;
            for (int c = 0; works && c < count; ++c) {
                const Head* plane = x + b * strides.x + (start + c) * area;
                const float value = corners.inside ? value_between(
                                                         corners.shares, cell_of(plane, r, s, h, w),
                                                         cell_of(plane, r, s + 1, h, w),
                                                         cell_of(plane, r + 1, s, h, w),
                                                         cell_of(plane, r + 1, s + 1, h, w))
                                                   : 0;
                for (int o = 0; o < kOutputs; ++o) sums[o] = add_tap(sums[o], weights[c][o], value);
            }
        }
    }
    for (int o = 0; works && o < kOutputs; ++o)
        if (first + o < cout) out[(b * cout + first + o) * area + cell] = sums[o];
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_adaptive_convolution_scratch_bytes_cuda(
    pt_dtype /*dtype*/, int64_t cin, int64_t cout, int64_t h, int64_t w) {
    return check_adaptive_convolution_sizes(cin, cout, h, w) ? -1 : 0;
}

pt_status pt_adaptive_convolution_cuda(
    float* out, void* scratch, int64_t scratch_bytes, const void* x, const void* matrix,
    const void* translation, const float* weight, pt_dtype dtype, int64_t x_batch_stride,
    int64_t matrix_batch_stride, int64_t translation_batch_stride, int64_t B, int64_t cin,
    int64_t cout, int64_t h, int64_t w, float spacing, void* stream) {
    if (auto status = check_adaptive_convolution(
            out, scratch, scratch_bytes, 0, x, matrix, translation, weight, dtype, x_batch_stride,
            matrix_batch_stride, translation_batch_stride, B, cin, cout, h, w))
        return status;
    const Strides strides{x_batch_stride, matrix_batch_stride, translation_batch_stride};
    const int64_t runs = blocks_for(h * w, kCells), groups = blocks_for(cout, kOutputs);
    return with_head(dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<convolve_adaptively<Head>>(
            {runs * groups * B, kCells, 0, stream}, out, static_cast<const Head*>(x),
            static_cast<const Head*>(matrix), static_cast<const Head*>(translation), weight,
            strides, cin, cout, h, w, spacing, runs, groups);
    });
}
#endif
