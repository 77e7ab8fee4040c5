/* Where the taps of an adaptive convolution lie, and what is read there. */
#ifndef POSETRACK_SHARED_ADAPTIVE_CONVOLUTION_H
#define POSETRACK_SHARED_ADAPTIVE_CONVOLUTION_H

#include "scratch.h"

namespace posetrack {

constexpr int kTaps = 9;

/* The affine map of one cell. */
struct Affine {
    float yy, yx, xy, xx;
    float y, x; /* translation */
};

/* Upper left of the four cells around a tap, and the weights of the four, row by row. */
struct Corners {
    bool inside; /* whether at least one of the four is in the map */
    int64_t row, column;
    float shares[4];
};

PT_HD Corners corners_of(
    Affine affine, int tap, int64_t row, int64_t column, int64_t h, int64_t w, float spacing) {
    const float gy = (float)(tap / 3 - 1), gx = (float)(tap % 3 - 1);
    const float y = (affine.yy * gy + affine.yx * gx + affine.y + spacing * gy) + (float)row;
    const float x = (affine.xy * gy + affine.xx * gx + affine.x + spacing * gx) + (float)column;
    Corners corners = {};
    corners.inside = y > -1.0f && y < (float)h && x > -1.0f && x < (float)w;
    if (!corners.inside) return corners;
    const float top = floorf(y), left = floorf(x);
    const float down = y - top, right = x - left;
    corners.row = (int64_t)top;
    corners.column = (int64_t)left;
    corners.shares[0] = (1.0f - down) * (1.0f - right);
    corners.shares[1] = (1.0f - down) * right;
    corners.shares[2] = down * (1.0f - right);
    corners.shares[3] = down * right;
    return corners;
}

/* The map's value at a tap, from the four cells around it. */
PT_HD float value_between(
    const float* shares, float top_left, float top_right, float bottom_left, float bottom_right) {
    const float top = fused(shares[1], top_right, shares[0] * top_left);
    return fused(shares[3], bottom_right, fused(shares[2], bottom_left, top));
}

/* One term of the convolution; terms are added tap by tap, and channel by channel in each tap. */
PT_HD float add_tap(float sum, float weight, float value) { return fused(weight, value, sum); }

#if !defined(__CUDACC_RTC__)
inline pt_status check_adaptive_convolution_sizes(int64_t cin, int64_t cout, int64_t h, int64_t w) {
    return Check()
        .sizes({{"cin", cin}, {"cout", cout}})
        .sides({{"h", h}, {"w", w}})
        .cells("h", h, "w", w)
        .status();
}

inline pt_status check_adaptive_convolution(
    const float* out, const void* scratch, int64_t scratch_bytes, int64_t needed, const void* x,
    const void* matrix, const void* translation, const float* weight, pt_dtype dtype,
    int64_t x_batch_stride, int64_t matrix_batch_stride, int64_t translation_batch_stride,
    int64_t B, int64_t cin, int64_t cout, int64_t h, int64_t w) {
    if (auto status = check_adaptive_convolution_sizes(cin, cout, h, w)) return status;
    return Check()
        .sizes({{"B", B}})
        .dtype("dtype", dtype)
        .array("out", out, {B, cout, h, w})
        .head("x", x, dtype, x_batch_stride, {B, cin, h, w})
        .head("matrix", matrix, dtype, matrix_batch_stride, {B, 4, h, w})
        .head(
            "translation", translation, dtype, translation_batch_stride,
            {translation ? B : 0, 2, h, w})
        .array("weight", weight, {cout, cin, kTaps})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
