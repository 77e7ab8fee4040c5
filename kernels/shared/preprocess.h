/* A pixel of the network's input: where it lies in the image, its colour there, normalised. */
#ifndef POSETRACK_SHARED_PREPROCESS_H
#define POSETRACK_SHARED_PREPROCESS_H

#include "scratch.h"

namespace posetrack {

struct Colour {
    float red, green, blue; /* 0..255 */
};

/* Limited-range YUV to RGB. */
struct YuvWeights {
    float luma, red_v, green_u, green_v, blue_u;
};

/* The weights of a standard, from the shares of red and blue in its luma. Luma spans 219 steps of a
 * byte, colour 224.
 */
PT_HD YuvWeights yuv_weights(double red_share, double blue_share) {
    const double green_share = 1.0 - red_share - blue_share;
    const double red_v = 2.0 * (1.0 - red_share) * 255.0 / 224.0;
    const double blue_u = 2.0 * (1.0 - blue_share) * 255.0 / 224.0;
    return {
        (float)(255.0 / 219.0), (float)red_v, (float)(-blue_u * blue_share / green_share),
        (float)(-red_v * red_share / green_share), (float)blue_u};
}

PT_HD YuvWeights bt601() { return yuv_weights(0.299, 0.114); }
PT_HD YuvWeights bt709() { return yuv_weights(0.2126, 0.0722); }

PT_HD float within_byte(float value) {
    const float positive = value > 0.0f ? value : 0.0f;
    return positive < 255.0f ? positive : 255.0f;
}

PT_HD Colour colour_of_yuv(uint8_t y, uint8_t u, uint8_t v, const YuvWeights& weights) {
    const float luma = weights.luma * (float)(y - 16);
    const float blueness = (float)(u - 128), redness = (float)(v - 128);
    return {
        within_byte(luma + weights.red_v * redness),
        within_byte((luma + weights.green_u * blueness) + weights.green_v * redness),
        within_byte(luma + weights.blue_u * blueness)};
}

/* How an image lies in memory. */
enum class Layout { rgb, bgr, nv12 };

struct Image {
    const uint8_t* bytes;
    int64_t H, W;
    Layout layout;
    YuvWeights yuv;
    Colour border;
};

PT_HD int64_t image_bytes(Layout layout, int64_t H, int64_t W) {
    return layout == Layout::nv12 ? H / 2 * 3 * W : H * W * 3;
}

/* The colour 0xRRGGBB. */
PT_HD Colour colour_of(int64_t border) {
    return {(float)(border >> 16 & 0xff), (float)(border >> 8 & 0xff), (float)(border & 0xff)};
}

/* The colour of a pixel inside the image. */
PT_HD Colour colour_inside(const Image& image, int64_t y, int64_t x) {
    if (image.layout == Layout::nv12) {
        const uint8_t* uv = image.bytes + (image.H + y / 2) * image.W + x / 2 * 2;
        return colour_of_yuv(image.bytes[y * image.W + x], uv[0], uv[1], image.yuv);
    }
    const uint8_t* pixel = image.bytes + 3 * (y * image.W + x);
    const float first = (float)pixel[0], green = (float)pixel[1], last = (float)pixel[2];
    if (image.layout == Layout::rgb) return {first, green, last};
    return {last, green, first};
}

PT_HD Colour colour_at(const Image& image, int64_t y, int64_t x) {
    if (y < 0 || y >= image.H || x < 0 || x >= image.W) return image.border;
    return colour_inside(image, y, x);
}

/* One row of a 2x3 matrix: a coordinate in the image from those in the network's input. */
PT_HD double image_coordinate(const double* row, int64_t y, int64_t x) {
    return (row[0] * (double)x + row[1] * (double)y) + row[2];
}

/* The two pixels of one axis between which a coordinate lies: `first` and the next one. */
struct PixelPair {
    int64_t first; /* from -2 to the axis' size; beyond these, all is border */
    float fraction;
};

PT_HD PixelPair pixels_around(double coordinate, int64_t size) {
    if (!(coordinate > -2.0 && coordinate < (double)size + 1.0)) return {-2, 0.0f};
    const double below = floor(coordinate);
    return {(int64_t)below, (float)(coordinate - below)};
}

PT_HD float between(float a, float b, float fraction) { return a + fraction * (b - a); }

PT_HD Colour between(const Colour& a, const Colour& b, float fraction) {
    return {
        between(a.red, b.red, fraction), between(a.green, b.green, fraction),
        between(a.blue, b.blue, fraction)};
}

/* The bilinear colour between four pixels, along y first. */
PT_HD Colour colour_between(const Image& image, const PixelPair& y, const PixelPair& x) {
    const Colour left = between(
        colour_at(image, y.first, x.first), colour_at(image, y.first + 1, x.first), y.fraction);
    const Colour right = between(
        colour_at(image, y.first, x.first + 1), colour_at(image, y.first + 1, x.first + 1),
        y.fraction);
    return between(left, right, x.fraction);
}

PT_HD float normalised(float value, float mean, float std) { return (value - mean) / std; }

#if !defined(__CUDACC_RTC__)
inline Layout layout_of(int64_t layout) {
    if (layout >= PT_NV12_BT601) return Layout::nv12;
    return layout == PT_BGR ? Layout::bgr : Layout::rgb;
}

inline pt_status check_preprocess_sizes(int64_t W, int64_t w) {
    return Check().sizes({{"W", W}}, kMaxSize / 3).sizes({{"w", w}}).status();
}

inline pt_status check_preprocess(
    const void* out, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const uint8_t* images, const double* matrix, pt_dtype out_dtype, int64_t layout, int64_t B,
    int64_t H, int64_t W, int64_t h, int64_t w, float std_red, float std_green, float std_blue,
    int64_t border) {
    if (auto status = check_preprocess_sizes(W, w)) return status;
    const bool known = layout >= PT_RGB && layout <= PT_NV12_BT709;
    const bool nv12 = layout_of(layout) == Layout::nv12;
    return Check()
        .sizes({{"B", B}, {"H", H}, {"h", h}})
        .dtype("out_dtype", out_dtype)
        .that(known, "layout must be PT_RGB, PT_BGR, PT_NV12_BT601 or PT_NV12_BT709")
        .that(!nv12 || H % 2 == 0, "H must be even for NV12")
        .that(!nv12 || W % 2 == 0, "W must be even for NV12")
        .that(std_red > 0.0f, "std_red must be above 0")
        .that(std_green > 0.0f, "std_green must be above 0")
        .that(std_blue > 0.0f, "std_blue must be above 0")
        .that(border >= 0 && border <= 0xffffff, "border must be 0xRRGGBB")
        .head("out", out, out_dtype, {B, 3, h, w})
        .array("images", images, {B, nv12 ? H / 2 * 3 : 3 * H, W})
        .array("matrix", matrix, {B, 2, 3})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
