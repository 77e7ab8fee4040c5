#include "../shared/merge_flipped.h"

#include <algorithm>

#include "widen.h"

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

/* One channel of a head of an image. */
struct Channel {
    const void* head;
    int64_t first;

    const float* row(int64_t y, int64_t w, pt_dtype dtype, float* room) const {
        return floats_of(head, dtype, first + y * w, w, room);
    }
};

void merge_part(
    float* out, const float* straight, const float* end, const Turn& turn, int64_t size) {
    if (turn.sign)
        merge_turned_row(out, straight, end, *turn.sign, *turn.constant, size);
    else
        merge_row(out, straight, end, size);
}

void merge_channel(
    float* out, const Channel& one, const Channel& other, const FlipScratch& working,
    pt_dtype dtype, const Turn& turn, int64_t h, int64_t w) {
    const int64_t still = std::min(turn.shift, w);
    for (int64_t y = 0; y < h; ++y, out += w) {
        const float* straight = one.row(y, w, dtype, working.straight);
        const float* flipped = other.row(y, w, dtype, working.flipped);
        merge_part(out, straight, flipped + flipped_column(0, w, turn.shift) + 1, turn, still);
        if (still == w) continue;
        const float* end = flipped + flipped_column(still, w, turn.shift) + 1;
        merge_part(out + still, straight + still, end, turn, w - still);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_merge_flipped_scratch_bytes_cpu(pt_dtype dtype, int64_t w) {
    return Check().sizes({{"w", w}}).status() ? -1 : scratch_bytes<FlipScratch>(dtype, w);
}

pt_status pt_merge_flipped_cpu(
    float* merged, void* scratch, int64_t scratch_bytes, const void* straight, const void* flipped,
    const int32_t* order, const float* sign, const float* constant, pt_dtype dtype,
    int64_t straight_batch_stride, int64_t flipped_batch_stride, int64_t B, int64_t C, int64_t h,
    int64_t w, int64_t shift) {
    const int64_t needed = pt_merge_flipped_scratch_bytes_cpu(dtype, w);
    if (auto status = check_merge_flipped(
            merged, scratch, scratch_bytes, needed, straight, flipped, order, sign, constant, dtype,
            straight_batch_stride, flipped_batch_stride, B, C, h, w, shift))
        return status;
    for (int64_t c = 0; c < C; ++c)
        if (order[c] < 0 || order[c] >= C)
            return Check().that(false, "order must name channels, from 0 to C - 1").status();
    const auto working = lay_out<FlipScratch>(scratch, dtype, w);
    const int64_t area = h * w;
    for (int64_t b = 0; b < B; ++b)
        for (int64_t c = 0; c < C; ++c) {
            const Turn turn{sign ? sign + c : nullptr, sign ? constant + c : nullptr, shift};
            const Channel one{straight, b * straight_batch_stride + c * area};
            const Channel other{flipped, b * flipped_batch_stride + order[c] * area};
            merge_channel(merged + (b * C + c) * area, one, other, working, dtype, turn, h, w);
        }
    return PT_OK;
}
