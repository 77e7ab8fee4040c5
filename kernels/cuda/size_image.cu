/* The weights of every row and column are computed first, then output with one thread per pixel.
 * Sums are integers, so that their order, which is not that of the CPU twin, does not matter.
 */
#include "../shared/size_image.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* The filter of one axis. */
struct Axis {
    int64_t size;     /* of the image */
    int64_t covered;  /* output coordinates inside the image */
    int32_t* first;   /* (covered) image pixel of the first weight */
    int32_t* weights; /* (covered, taps) */
};

__device__ void plan_coordinate(Axis axis, int64_t i, int64_t taps, double scale) {
    axis.first[i] = (int32_t)filter_taps(axis.weights + i * taps, taps, i, axis.size, scale);
}

/* One thread per row and column. */
__global__ void plan_axes(Axis rows, Axis columns, int64_t taps, double scale) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < rows.covered)
        plan_coordinate(rows, i, taps, scale);
    else if (i < rows.covered + columns.covered)
        plan_coordinate(columns, i - rows.covered, taps, scale);
}

/* One thread per output pixel. */
__global__ void weigh(
    uint8_t* out, const uint8_t* images, Axis rows, Axis columns, int64_t taps, int64_t total,
    int64_t h, int64_t w, uint32_t border) {
    const int64_t pixel = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= total) return;
    const int64_t y = pixel / w % h, x = pixel % w;
    uint8_t* to = out + 3 * pixel;
    if (y >= rows.covered || x >= columns.covered) {
        to[0] = (uint8_t)(border >> 16);
        to[1] = (uint8_t)(border >> 8);
        to[2] = (uint8_t)border;
        return;
    }
    const uint8_t* image = images + pixel / (h * w) * rows.size * columns.size * 3;
    const int64_t top = rows.first[y], left = columns.first[x];
    const int32_t *row_weights = rows.weights + y * taps, *weights = columns.weights + x * taps;
    int32_t sums[3] = {0, 0, 0};
    for (int64_t v = 0; v < taps && top + v < rows.size; ++v)
        for (int64_t u = 0; u < taps && left + u < columns.size; ++u) {
            const uint8_t* from = image + 3 * ((top + v) * columns.size + left + u);
            const int32_t weight = combined_weight(row_weights[v], weights[u]);
            for (int channel = 0; channel < 3; ++channel)
                sums[channel] += weighted(weight, from[channel]);
        }
    for (int channel = 0; channel < 3; ++channel) to[channel] = pixel_of_sum(sums[channel]);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_size_image_scratch_bytes_cuda(int64_t H, int64_t W, int64_t h, int64_t w, double scale) {
    scale = scale_or_fit(scale, H, W, h, w);
    if (check_size_image_sizes(H, W, h, w, scale)) return -1;
    return scratch_bytes<SizingOnCuda>(h, w, scale);
}

pt_status pt_size_image_cuda(
    uint8_t* out, void* scratch, int64_t scratch_bytes, const uint8_t* images, int64_t B, int64_t H,
    int64_t W, int64_t h, int64_t w, double scale, int64_t border, void* stream) {
    scale = scale_or_fit(scale, H, W, h, w);
    const int64_t needed = pt_size_image_scratch_bytes_cuda(H, W, h, w, scale);
    if (needed < 0) return PT_INVALID_ARGUMENT;
    if (auto status = check_size_image(
            out, scratch, scratch_bytes, needed, images, B, H, W, h, w, scale, border))
        return status;
    const auto working = lay_out<SizingOnCuda>(scratch, h, w, scale);
    const bool empty = B == 0 || H == 0 || W == 0;
    const Axis rows{
        H, empty ? 0 : covered_size(H, h, scale), working.first_row, working.row_weights};
    const Axis columns{
        W, empty ? 0 : covered_size(W, w, scale), working.first_column, working.column_weights};
    const int64_t taps = tap_count(scale);
    const pt_status planned = launch<plan_axes>(
        {blocks_for(rows.covered + columns.covered), kThreads, 0, stream}, rows, columns, taps,
        scale);
    if (planned != PT_OK) return planned;
    return launch<weigh>(
        {blocks_for(B * h * w), kThreads, 0, stream}, out, images, rows, columns, taps, B * h * w,
        h, w, (uint32_t)border);
}
#endif
