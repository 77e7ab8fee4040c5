/* The part of the embedding that any mesh reads is transposed first, so that the channels of a cell
 * lie side by side and a point is a blend of four rows of numbers. Each mesh is transposed back
 * while it is in the cache.
 */
#include "../shared/local_windows.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"
#include "dispatch.h"

namespace posetrack {
namespace {

/* Cells from (top, left) on, `rows` x `columns` of them. */
struct Region {
    int64_t top, left, rows, columns;
};

/* Four floats at any address. */
typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

void transpose_block(float* out, const float* in, int64_t out_stride, int64_t in_stride) {
    const Four a = *reinterpret_cast<const Four*>(in);
    const Four b = *reinterpret_cast<const Four*>(in + in_stride);
    const Four c = *reinterpret_cast<const Four*>(in + 2 * in_stride);
    const Four d = *reinterpret_cast<const Four*>(in + 3 * in_stride);
    const Four ab = PT_SHUFFLE4(a, b, 0, 4, 1, 5), cd = PT_SHUFFLE4(c, d, 0, 4, 1, 5);
    const Four ab2 = PT_SHUFFLE4(a, b, 2, 6, 3, 7), cd2 = PT_SHUFFLE4(c, d, 2, 6, 3, 7);
    *reinterpret_cast<Four*>(out) = PT_SHUFFLE4(ab, cd, 0, 1, 4, 5);
    *reinterpret_cast<Four*>(out + out_stride) = PT_SHUFFLE4(ab, cd, 2, 3, 6, 7);
    *reinterpret_cast<Four*>(out + 2 * out_stride) = PT_SHUFFLE4(ab2, cd2, 0, 1, 4, 5);
    *reinterpret_cast<Four*>(out + 3 * out_stride) = PT_SHUFFLE4(ab2, cd2, 2, 3, 6, 7);
}

/* out (n, m) = in (m, n), whose rows lie `stride` apart. */
void transpose(float* out, const float* in, int64_t m, int64_t n, int64_t stride) {
    const int64_t whole_m = m / 4 * 4, whole_n = n / 4 * 4;
    for (int64_t j = 0; j < whole_n; j += 4)
        for (int64_t i = 0; i < whole_m; i += 4)
            transpose_block(out + j * m + i, in + i * stride + j, m, stride);
    for (int64_t j = 0; j < n; ++j)
        for (int64_t i = j < whole_n ? whole_m : 0; i < m; ++i) out[j * m + i] = in[i * stride + j];
}

PT_CLONES void blend(
    float* __restrict out, const float* __restrict upper_left, const float* __restrict lower_left,
    const float* __restrict upper_right, const float* __restrict lower_right, Neighbours row,
    Neighbours column, int64_t C) {
    for (int64_t c = 0; c < C; ++c)
        out[c] = sampled(
            upper_left[c], lower_left[c], upper_right[c], lower_right[c], row.low_weight,
            row.high_weight, column.low_weight, column.high_weight);
}

/* The cells that the meshes of M keypoints, K for each person, read. */
Region touched(
    const float* keypoints, const float* steps, int64_t M, int64_t K, int64_t s, int64_t h,
    int64_t w, float stride) {
    int64_t low[2] = {w, h}, high[2] = {-1, -1};
    const int64_t size[2] = {w, h};
    for (int64_t i = 0; i < M; ++i)
        for (int64_t axis = 0; axis < 2; ++axis)
            for (int64_t j = 0; j < s; ++j) {
                const Neighbours at = mesh_neighbours(
                    keypoints[2 * i + axis], steps[i % K * s + j], stride, size[axis]);
                low[axis] = std::min<int64_t>(low[axis], at.low);
                high[axis] = std::max<int64_t>(high[axis], at.high);
            }
    return {low[1], low[0], high[1] - low[1] + 1, high[0] - low[0] + 1};
}

/* (points, C) of one keypoint's mesh. */
void sample_mesh(
    float* points, const float* cells, const Region& region, const float* keypoint,
    const float* steps, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    for (int64_t y = 0; y < s; ++y) {
        const Neighbours row = mesh_neighbours(keypoint[1], steps[y], stride, h);
        const float* upper = cells + (row.low - region.top) * region.columns * C;
        const float* lower = cells + (row.high - region.top) * region.columns * C;
        for (int64_t x = 0; x < s; ++x) {
            const Neighbours column = mesh_neighbours(keypoint[0], steps[x], stride, w);
            const int64_t left = (column.low - region.left) * C;
            const int64_t right = (column.high - region.left) * C;
            blend(
                points + (y * s + x) * C, upper + left, lower + left, upper + right, lower + right,
                row, column, C);
        }
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_local_windows_scratch_bytes(int64_t C, int64_t h, int64_t w, int64_t s) {
    return C < 0 || h < 0 || w < 0 || s < 0 ? 0 : sizeof(float) * (size_t)(C * (h * w + s * s));
}

pt_status pt_local_windows_cpu(
    float* features, void* scratch, const float* keypoints, const float* steps,
    const void* embedding, pt_dtype embedding_dtype, int64_t B, int64_t N, int64_t K, int64_t C,
    int64_t h, int64_t w, int64_t s, float stride) {
    if (B < 0 || N < 0 || K < 0 || C < 0 || h < 0 || w < 0 || s < 0) return PT_INVALID_ARGUMENT;
    if (h > kMaxSide || w > kMaxSide) return PT_INVALID_ARGUMENT;
    if (!(stride > 0.0f) || embedding_dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0 || C == 0 || s == 0) return PT_OK;
    if (h == 0 || w == 0) return PT_INVALID_ARGUMENT;
    if (!features || !scratch || !keypoints || !steps || !embedding) return PT_INVALID_ARGUMENT;
    auto* points = static_cast<float*>(scratch); /* (s * s, C) */
    float* cells = points + s * s * C;           /* (rows, columns, C) of the region */
    for (int64_t b = 0; b < B; ++b) {
        const float* map = static_cast<const float*>(embedding) + b * C * h * w;
        const float* poses = keypoints + b * N * K * 2;
        const Region region = touched(poses, steps, N * K, K, s, h, w, stride);
        for (int64_t y = 0; y < region.rows; ++y)
            transpose(
                cells + y * region.columns * C, map + (region.top + y) * w + region.left, C,
                region.columns, h * w);
        for (int64_t i = 0; i < N * K; ++i) {
            const float* mesh = steps + i % K * s;
            sample_mesh(points, cells, region, poses + 2 * i, mesh, C, h, w, s, stride);
            transpose(features + (b * N * K + i) * C * s * s, points, s * s, C, C);
        }
    }
    return PT_OK;
}
