#include "../shared/preprocess.h"
#include "launch.cuh"

namespace posetrack {
namespace {

struct Output {
    int64_t h, w;
    Colour mean, std;
};

/* One thread per output pixel. */
template <typename Value>
__global__ void sample_images(
    Value* out, Image image, const double* matrix, int64_t total, Output output) {
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= total) return;
    const int64_t area = output.h * output.w, b = i / area, pixel = i % area;
    const int64_t y = pixel / output.w, x = pixel % output.w;
    image.bytes += b * image_bytes(image.layout, image.H, image.W);
    const double* rows = matrix + 6 * b;
    const PixelPair across = pixels_around(image_coordinate(rows, y, x), image.W);
    const PixelPair down = pixels_around(image_coordinate(rows + 3, y, x), image.H);
    const Colour colour = colour_between(image, down, across);
    Value* red = out + 3 * b * area + pixel;
    store_as(red, normalised(colour.red, output.mean.red, output.std.red));
    store_as(red + area, normalised(colour.green, output.mean.green, output.std.green));
    store_as(red + 2 * area, normalised(colour.blue, output.mean.blue, output.std.blue));
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_preprocess_scratch_bytes_cuda(int64_t W, int64_t w) {
    return check_preprocess_sizes(W, w) ? -1 : 0;
}

pt_status pt_preprocess_cuda(
    void* out, void* scratch, int64_t scratch_bytes, const uint8_t* images, const double* matrix,
    pt_dtype out_dtype, int64_t layout, int64_t B, int64_t H, int64_t W, int64_t h, int64_t w,
    float mean_red, float mean_green, float mean_blue, float std_red, float std_green,
    float std_blue, int64_t border, void* stream) {
    if (auto status = check_preprocess(
            out, scratch, scratch_bytes, 0, images, matrix, out_dtype, layout, B, H, W, h, w,
            std_red, std_green, std_blue, border))
        return status;
    const int64_t total = B * h * w;
    const YuvWeights yuv = layout == PT_NV12_BT601 ? bt601() : bt709();
    const Image image{images, H, W, layout_of(layout), yuv, colour_of(border)};
    const Output output{h, w, {mean_red, mean_green, mean_blue}, {std_red, std_green, std_blue}};
    return with_head(out_dtype, [&](auto type) {
        using Value = decltype(type);
        return launch<sample_images<Value>>(
            {blocks_for(total), kThreads, 0, stream}, static_cast<Value*>(out), image, matrix,
            total, output);
    });
}
#endif
