#include "../shared/merge_flipped.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"

namespace posetrack {
namespace {

/* The flipped values are read backwards, from the one before `end`. */
void merge_row(
    float* __restrict out, const float* __restrict straight, const float* __restrict end,
    int64_t size) {
    for (int64_t i = 0; i < size; ++i) out[i] = mean_of_two(straight[i], end[-1 - i]);
}

void merge_turned_row(
    float* __restrict out, const float* __restrict straight, const float* __restrict end,
    float sign, float constant, int64_t size) {
    for (int64_t i = 0; i < size; ++i)
        out[i] = mean_of_two(straight[i], turned(end[-1 - i], sign, constant));
}

struct Turn {
    const float *sign, *constant; /* of the channel; null: values stay as they are */
    int64_t shift;
};

void merge_part(
    float* out, const float* straight, const float* end, const Turn& turn, int64_t size) {
    if (turn.sign)
        merge_turned_row(out, straight, end, *turn.sign, *turn.constant, size);
    else
        merge_row(out, straight, end, size);
}

void merge_channel(
    float* out, const float* straight, const float* flipped, const Turn& turn, int64_t h,
    int64_t w) {
    const int64_t still = std::min(turn.shift, w);
    for (int64_t y = 0; y < h; ++y, out += w, straight += w, flipped += w) {
        merge_part(out, straight, flipped + flipped_column(0, w, turn.shift) + 1, turn, still);
        if (still == w) continue;
        const float* end = flipped + flipped_column(still, w, turn.shift) + 1;
        merge_part(out + still, straight + still, end, turn, w - still);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_merge_flipped_cpu(
    float* merged, const void* straight, const void* flipped, const int32_t* order,
    const float* sign, const float* constant, pt_dtype head_dtype, int64_t straight_batch_stride,
    int64_t flipped_batch_stride, int64_t B, int64_t C, int64_t h, int64_t w, int64_t shift) {
    if (B < 0 || C < 0 || h < 0 || w < 0 || shift < 0) return PT_INVALID_ARGUMENT;
    if (head_dtype != PT_FLOAT32 || !sign != !constant) return PT_INVALID_ARGUMENT;
    if (B == 0 || C == 0 || h == 0 || w == 0) return PT_OK;
    if (!merged || !straight || !flipped || !order) return PT_INVALID_ARGUMENT;
    for (int64_t c = 0; c < C; ++c)
        if (order[c] < 0 || order[c] >= C) return PT_INVALID_ARGUMENT;
    const int64_t area = h * w;
    for (int64_t b = 0; b < B; ++b) {
        const float* images = static_cast<const float*>(straight) + b * straight_batch_stride;
        const float* flips = static_cast<const float*>(flipped) + b * flipped_batch_stride;
        for (int64_t c = 0; c < C; ++c) {
            const Turn turn{sign ? sign + c : nullptr, sign ? constant + c : nullptr, shift};
            merge_channel(
                merged + (b * C + c) * area, images + c * area, flips + order[c] * area, turn, h,
                w);
        }
    }
    return PT_OK;
}
