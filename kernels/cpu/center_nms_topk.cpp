#include "../shared/center_nms_topk.h"

#include <algorithm>
#include <limits>

#include "../include/posetrack_kernels.h"
#include "dispatch.h"

namespace posetrack {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

/* out[x] = max(out[x], in[x]) */
PT_CLONES void raise(float* __restrict out, const float* __restrict in, int64_t size) {
    for (int64_t x = 0; x < size; ++x) out[x] = larger(out[x], in[x]);
}

/* Largest value within `radius` columns, for one row. */
void row_maxima(float* out, const float* row, int64_t w, int64_t radius) {
    std::fill(out, out + w, kLowest);
    for (int64_t d = -std::min(radius, w - 1); d <= std::min(radius, w - 1); ++d)
        raise(out + std::max<int64_t>(0, -d), row + std::max<int64_t>(0, d), w - std::abs(d));
}

/* Keep the N best peaks sorted; `count` of them are filled. */
void insert(int32_t* cells, float* scores, int32_t& count, int64_t N, Peak peak) {
    int64_t at = count;
    while (at > 0 && comes_before(peak, {scores[at - 1], cells[at - 1]})) --at;
    if (at == N) return;
    if (count < N) ++count;
    for (int64_t i = count - 1; i > at; --i) {
        scores[i] = scores[i - 1];
        cells[i] = cells[i - 1];
    }
    scores[at] = peak.score;
    cells[at] = peak.cell;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_center_nms_topk_scratch_bytes(int64_t h, int64_t w) {
    return h < 0 || w < 0 ? 0 : sizeof(float) * (size_t)(h * w + w);
}

pt_status pt_center_nms_topk_cpu(
    int32_t* cells, float* scores, int32_t* count, void* scratch, const float* map,
    int64_t map_batch_stride, int64_t B, int64_t N, int64_t h, int64_t w, int64_t radius,
    float tolerance, float threshold) {
    if (B < 0 || N < 0 || h < 0 || w < 0 || radius < 0 || !(tolerance >= 0.0f))
        return PT_INVALID_ARGUMENT;
    if (h > 0 && w > std::numeric_limits<int32_t>::max() / h) return PT_INVALID_ARGUMENT;
    if (B > 0 && (!count || (N > 0 && (!cells || !scores)))) return PT_INVALID_ARGUMENT;
    if (B > 0 && h > 0 && w > 0 && (!map || !scratch)) return PT_INVALID_ARGUMENT;
    radius = std::min(radius, std::max(h, w));
    auto* across = static_cast<float*>(scratch); /* (h, w) maxima along rows */
    float* around = across + h * w;              /* (w) maxima of the square, one row */
    for (int64_t b = 0; b < B; ++b) {
        const float* values = map + b * map_batch_stride;
        int32_t* image_cells = cells + b * N;
        float* image_scores = scores + b * N;
        int32_t found = 0;
        for (int64_t y = 0; y < h && w > 0; ++y)
            row_maxima(across + y * w, values + y * w, w, radius);
        for (int64_t y = 0; y < h; ++y) {
            std::fill(around, around + w, kLowest);
            const int64_t top = std::max<int64_t>(0, y - radius);
            const int64_t bottom = std::min(h - 1, y + radius);
            for (int64_t v = top; v <= bottom; ++v) raise(around, across + v * w, w);
            for (int64_t x = 0; x < w; ++x) {
                const float value = values[y * w + x];
                if (is_peak(value, around[x], tolerance, threshold))
                    insert(image_cells, image_scores, found, N, {value, (int32_t)(y * w + x)});
            }
        }
        std::fill(image_cells + found, image_cells + N, -1);
        std::fill(image_scores + found, image_scores + N, 0.0f);
        count[b] = found;
    }
    return PT_OK;
}
