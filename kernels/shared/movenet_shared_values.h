/* The score that MoveNet's published graph gives a keypoint. */
#ifndef POSETRACK_SHARED_MOVENET_SHARED_VALUES_H
#define POSETRACK_SHARED_MOVENET_SHARED_VALUES_H

#include "gaussian_argmax.h"

namespace posetrack {

struct Windows {
    const float* centers;  /* (B, N, K, 2) */
    const float* spread;   /* (B, N) */
    const float* boxes;    /* (B, N, 4) */
    const int32_t* counts; /* (B), or null */
    int64_t N, K;
};

/* The largest weight at (column, row) of the windows that the poses of an image have for one
 * keypoint.
 */
PT_HD float shared_weight(const Windows& all, int64_t b, int64_t k, float column, float row) {
    float best = 0.0f;
    for (int64_t n = b * all.N; n < b * all.N + valid_rows(all.counts, b, all.N); ++n) {
        const float x = all.centers[2 * (n * all.K + k)], y = all.centers[2 * (n * all.K + k) + 1];
        const float* box = all.boxes + 4 * n;
        const bool inside = column >= box[0] && row >= box[1] && column < box[2] && row < box[3];
        if (!inside || !has_window(x, y, all.spread[n])) continue;
        const float squared = (column - x) * (column - x) + (row - y) * (row - y);
        best = higher(exp_of_negative(-squared / all.spread[n]), best);
    }
    return best;
}

/* Of keypoint number i of all images; `heatmap` is (B, K, h, w). */
template <typename Head>
PT_HD float shared_value(
    const Windows& all, const int32_t* cells, const Head* heatmap, int64_t batch_stride, int64_t h,
    int64_t w, int64_t i) {
    const int64_t b = i / (all.N * all.K), k = i % all.K, cell = cells[i];
    const bool counted = i / all.K % all.N < valid_rows(all.counts, b, all.N);
    if (!counted || !is_cell(cell, h, w)) return 0.0f;
    const float heat = to_float(heatmap[b * batch_stride + k * h * w + cell]);
    return heat * shared_weight(all, b, k, (float)(cell % w), (float)(cell / w));
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_movenet_shared_values(
    const float* values, const int32_t* cells, const void* heatmap, const Windows& all,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t h, int64_t w) {
    const int64_t N = all.N, K = all.K;
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}, {"h", h}, {"w", w}})
        .cells("h", h, "w", w)
        .array("values", values, {B, N, K})
        .array("cells", cells, {B, N, K})
        .head("heatmap", heatmap, heatmap_dtype, heatmap_batch_stride, {B, K, h, w})
        .array("centers", all.centers, {B, N, K, 2})
        .array("spread", all.spread, {B, N})
        .array("boxes", all.boxes, {B, N, 4})
        .optional("counts", all.counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
