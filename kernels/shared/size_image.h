/* Image sizing, per output coordinate: which image pixels count, and by how much. */
#ifndef POSETRACK_SHARED_SIZE_IMAGE_H
#define POSETRACK_SHARED_SIZE_IMAGE_H

#include "scratch.h"

namespace posetrack {

/* Two weights of 11 bits and a byte make 30 bits, so a sum of products fits into int32. */
constexpr int kWeightBits = 11;
constexpr int32_t kWeightOne = 1 << kWeightBits;

/* The range of scales: below the smallest, weights of 11 bits are too coarse for the many taps. */
constexpr double kSmallestScale = 1.0 / 4096, kLargestScale = 16384.0;

PT_HD bool scale_is_valid(double scale) {
    return scale >= kSmallestScale && scale <= kLargestScale;
}

/* The scale that is asked for, or the largest at which the whole image fits. */
PT_HD double scale_or_fit(double scale, int64_t H, int64_t W, int64_t h, int64_t w) {
    if (scale != 0.0 || H == 0 || W == 0 || h == 0 || w == 0) return scale == 0.0 ? 1.0 : scale;
    const double down = (double)h / (double)H, right = (double)w / (double)W;
    return down < right ? down : right;
}

PT_HD double filter_radius(double scale) {
    const double radius = 0.5 / scale;
    return radius > 1.0 ? radius : 1.0;
}

/* The maximum number of image pixels that one output pixel can need. */
PT_HD int64_t tap_count(double scale) { return (int64_t)ceil(2.0 * filter_radius(scale)); }

/* How many output pixels of one axis have their centre inside the image, at most `limit`. */
PT_HD int64_t covered_size(int64_t size, int64_t limit, double scale) {
    const double last = ceil((double)size * scale - 0.5);
    const double covered = last < 1.0 ? 1.0 : last;
    return covered < (double)limit ? (int64_t)covered : limit;
}

/* Weights of output coordinate i; returns their first image pixel. Unused taps have weight 0. */
PT_HD int64_t filter_taps(int32_t* weights, int64_t taps, int64_t i, int64_t size, double scale) {
    const double radius = filter_radius(scale);
    double center = ((double)i + 0.5) / scale - 0.5;
    center = center < 0.0 ? 0.0 : center;
    center = center > (double)(size - 1) ? (double)(size - 1) : center;
    int64_t first = (int64_t)floor(center - radius) + 1;
    first = first < 0 ? 0 : first;
    double total = 0.0;
    for (int64_t t = 0; t < taps; ++t) {
        const double weight = 1.0 - fabs((double)(first + t) - center) / radius;
        total += (first + t < size && weight > 0.0) ? weight : 0.0;
    }
    /* rounding the running sum keeps every weight >= 0 and their total exact */
    double running = 0.0;
    int32_t before = 0;
    for (int64_t t = 0; t < taps; ++t) {
        const double weight = 1.0 - fabs((double)(first + t) - center) / radius;
        running += (first + t < size && weight > 0.0) ? weight : 0.0;
        const int32_t rounded = (int32_t)floor(running / total * kWeightOne + 0.5);
        weights[t] = rounded - before;
        before = rounded;
    }
    return first;
}

/* The weight of a pixel: its row's weight times its column's. */
PT_HD int32_t combined_weight(int32_t row, int32_t column) { return row * column; }
PT_HD int32_t weighted(int32_t weight, int32_t value) { return weight * value; }

PT_HD uint8_t pixel_of_sum(int32_t sum) {
    return (uint8_t)((sum + (1 << (2 * kWeightBits - 1))) >> (2 * kWeightBits));
}

#if !defined(__CUDACC_RTC__)
/* Sums of rows and weights of columns; a row of sums is padded so that unused taps may be read. */
struct SizingOnCpu {
    int64_t taps;
    int32_t* row_weights;    /* (taps) of the current output row */
    int32_t* row_sums;       /* (3 * (W + taps)) weighted sum of image rows */
    int32_t* column_first;   /* (3 * w) index into row_sums */
    int32_t* column_weights; /* (taps, 3 * w) */

    SizingOnCpu(Scratch& scratch, int64_t W, int64_t w, double scale)
        : taps(tap_count(scale)),
          row_weights(scratch.take<int32_t>({taps})),
          row_sums(scratch.take<int32_t>({3, W + taps})),
          column_first(scratch.take<int32_t>({3, w})),
          column_weights(scratch.take<int32_t>({taps, 3, w})) {}
};

/* The first image pixel and the weights of every output row and column. */
struct SizingOnCuda {
    int32_t *first_row, *first_column, *row_weights, *column_weights;

    SizingOnCuda(Scratch& scratch, int64_t h, int64_t w, double scale)
        : first_row(scratch.take<int32_t>({h})),
          first_column(scratch.take<int32_t>({w})),
          row_weights(scratch.take<int32_t>({h, tap_count(scale)})),
          column_weights(scratch.take<int32_t>({w, tap_count(scale)})) {}
};

inline pt_status check_size_image_sizes(int64_t H, int64_t W, int64_t h, int64_t w, double scale) {
    return Check()
        .sizes({{"H", H}, {"h", h}, {"w", w}})
        .sizes({{"W", W}}, kMaxSize / 3) /* bytes of a row are counted in 31 bits */
        .that(scale_is_valid(scale), "scale must be 0 or from 1 / 4096 to 16384")
        .status();
}

inline pt_status check_size_image(
    const uint8_t* out, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const uint8_t* image, int64_t B, int64_t H, int64_t W, int64_t h, int64_t w, double scale,
    int64_t border) {
    if (auto status = check_size_image_sizes(H, W, h, w, scale)) return status;
    return Check()
        .sizes({{"B", B}})
        .that(border >= 0 && border <= 0xffffff, "border must be 0xRRGGBB")
        .array("out", out, {B, h, w, 3})
        .array("image", image, {B, H, W, 3})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
