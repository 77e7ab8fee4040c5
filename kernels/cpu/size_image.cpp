#include "../shared/size_image.h"

#include <algorithm>
#include <cstring>

namespace posetrack {
namespace {

using Plan = SizingOnCpu;

void plan_columns(const Plan& plan, int64_t W, int64_t w, int64_t covered, double scale) {
    for (int64_t x = 0; x < covered; ++x) {
        /* row_weights is a buffer here: no row has been started yet */
        const int64_t first = filter_taps(plan.row_weights, plan.taps, x, W, scale);
        for (int64_t channel = 0; channel < 3; ++channel) {
            const int64_t i = 3 * x + channel;
            plan.column_first[i] = (int32_t)(3 * first + channel);
            for (int64_t t = 0; t < plan.taps; ++t)
                plan.column_weights[t * 3 * w + i] = plan.row_weights[t];
        }
    }
}

void weigh_row(
    int32_t* __restrict sums, const uint8_t* __restrict row, int32_t weight, int64_t size) {
    for (int64_t i = 0; i < size; ++i) sums[i] += weighted(weight, row[i]);
}

void weigh_two_rows(
    int32_t* __restrict sums, const uint8_t* __restrict a, const uint8_t* __restrict b,
    int32_t a_weight, int32_t b_weight, int64_t size) {
    for (int64_t i = 0; i < size; ++i)
        sums[i] = weighted(a_weight, a[i]) + weighted(b_weight, b[i]);
}

/* Sums image rows into plan.row_sums, with the weights in plan.row_weights. */
void weigh_rows(const Plan& plan, const uint8_t* rows, int64_t available, int64_t size) {
    const int32_t* weights = plan.row_weights;
    const bool two = plan.taps > 1 && available > 1;
    weigh_two_rows(
        plan.row_sums, rows, two ? rows + size : rows, weights[0], two ? weights[1] : 0, size);
    for (int64_t t = 2; t < plan.taps; ++t)
        if (weights[t] != 0) weigh_row(plan.row_sums, rows + t * size, weights[t], size);
}

void weigh_columns(
    uint8_t* __restrict out, const int32_t* __restrict sums, const int32_t* __restrict first,
    const int32_t* __restrict weights, int64_t taps, int64_t size, int64_t stride) {
    if (taps == 2) { /* bilinear */
        for (int64_t i = 0; i < size; ++i) {
            const int32_t* at = sums + first[i];
            out[i] =
                pixel_of_sum(weighted(weights[i], at[0]) + weighted(weights[stride + i], at[3]));
        }
        return;
    }
    for (int64_t i = 0; i < size; ++i) {
        int32_t sum = 0;
        for (int64_t t = 0; t < taps; ++t)
            sum += weighted(weights[t * stride + i], sums[first[i] + 3 * t]);
        out[i] = pixel_of_sum(sum);
    }
}

void fill_border(uint8_t* out, const uint8_t* colour, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) std::memcpy(out + 3 * i, colour, 3);
}

struct Sizes {
    int64_t H, W, h, w;
    int64_t rows, columns; /* output pixels inside the image */
};

void size_one(
    uint8_t* out, const uint8_t* image, const Plan& plan, const Sizes& z, double scale,
    const uint8_t* colour) {
    for (int64_t y = 0; y < z.rows; ++y) {
        const int64_t first = filter_taps(plan.row_weights, plan.taps, y, z.H, scale);
        weigh_rows(plan, image + first * 3 * z.W, z.H - first, 3 * z.W);
        weigh_columns(
            out + y * 3 * z.w, plan.row_sums, plan.column_first, plan.column_weights, plan.taps,
            3 * z.columns, 3 * z.w);
        fill_border(out + (y * z.w + z.columns) * 3, colour, z.w - z.columns);
    }
    fill_border(out + z.rows * z.w * 3, colour, (z.h - z.rows) * z.w);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_size_image_scratch_bytes_cpu(int64_t H, int64_t W, int64_t h, int64_t w, double scale) {
    scale = scale_or_fit(scale, H, W, h, w);
    if (check_size_image_sizes(H, W, h, w, scale)) return -1;
    return scratch_bytes<SizingOnCpu>(W, w, scale);
}

pt_status pt_size_image_cpu(
    uint8_t* out, void* scratch, int64_t scratch_bytes, const uint8_t* images, int64_t B, int64_t H,
    int64_t W, int64_t h, int64_t w, double scale, int64_t border) {
    scale = scale_or_fit(scale, H, W, h, w);
    const int64_t needed = pt_size_image_scratch_bytes_cpu(H, W, h, w, scale);
    if (needed < 0) return PT_INVALID_ARGUMENT;
    if (auto status = check_size_image(
            out, scratch, scratch_bytes, needed, images, B, H, W, h, w, scale, border))
        return status;
    if (B == 0 || h == 0 || w == 0) return PT_OK;
    const uint8_t colour[3] = {(uint8_t)(border >> 16), (uint8_t)(border >> 8), (uint8_t)border};
    if (H == 0 || W == 0) {
        fill_border(out, colour, B * h * w);
        return PT_OK;
    }
    const auto plan = lay_out<SizingOnCpu>(scratch, W, w, scale);
    const Sizes z{H, W, h, w, covered_size(H, h, scale), covered_size(W, w, scale)};
    plan_columns(plan, W, w, z.columns, scale);
    std::memset(plan.row_sums + 3 * W, 0, sizeof(int32_t) * 3 * (size_t)plan.taps);
    for (int64_t b = 0; b < B; ++b)
        size_one(out + b * h * w * 3, images + b * H * W * 3, plan, z, scale, colour);
    return PT_OK;
}
