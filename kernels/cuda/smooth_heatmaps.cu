/* A tile of the map is smoothed down the columns into shared memory, together with the columns
 * beside it that the tile's rows need, and from there along the rows.
 */
#include "../shared/heatmap_argmax.h"
#include "../shared/smooth_heatmaps.h"
#include "highest_cell.cuh"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int64_t kTileFloats = 8192; /* 32 KiB */
constexpr int64_t kTileColumns = 256;

struct Tiles {
    int64_t columns, rows; /* of one tile, without its neighbours */
    int64_t across, down;  /* how many tiles cover a map */
    PT_HD int64_t count() const { return across * down; }
};

/* kTileFloats also leave room for the 2 * kMaxReach columns beside a tile. */
PT_HD Tiles tiles_of(int64_t h, int64_t w, int64_t radius) {
    const int64_t columns = w < kTileColumns ? w : kTileColumns;
    const int64_t rows = kTileFloats / (columns + 2 * radius);
    return {columns, rows, (w + columns - 1) / columns, (h + rows - 1) / rows};
}

PT_HD int64_t inside(int64_t i, int64_t size) { return i < 0 ? 0 : (i < size ? i : size - 1); }

/* A block's shared memory. */
struct Shared {
    float down[kTileFloats];
    float weights[kMaxReach + 1];
};

template <typename Head>
__device__ float down_column(
    const Head* column, const float* weights, int64_t y, int64_t h, int64_t w, int64_t radius) {
    float sum = middle_tap(to_float(column[inside(y, h) * w]), weights[0]);
    for (int64_t i = 1; i <= radius; ++i)
        sum = pair_of_taps(
            sum, to_float(column[inside(y - i, h) * w]), to_float(column[inside(y + i, h) * w]),
            weights[i]);
    return sum;
}

__device__ inline float along_row(const float* at, const float* weights, int64_t radius) {
    float sum = middle_tap(at[0], weights[0]);
    for (int64_t i = 1; i <= radius; ++i) sum = pair_of_taps(sum, at[-i], at[i], weights[i]);
    return sum;
}

/* Smooths a tile: calls `visit(cell, value)` once for each cell, by one of the threads. Every
 * thread of the block calls this function.
 */
template <typename Head, typename Visit>
__device__ void smooth_tile(
    Shared* shared, const Head* map, Tiles tiles, int64_t tile, int64_t h, int64_t w,
    int64_t radius, Visit visit) {
    const int64_t top = tile / tiles.across * tiles.rows;
    const int64_t left = tile % tiles.across * tiles.columns;
    const int64_t rows = h - top < tiles.rows ? h - top : tiles.rows;
    const int64_t columns = w - left < tiles.columns ? w - left : tiles.columns;
    const int64_t wide = columns + 2 * radius;
    __syncthreads(); /* the weights are written, and the tile before is done */
    for (int64_t i = threadIdx.x; i < rows * wide; i += blockDim.x) {
        const int64_t x = inside(left + i % wide - radius, w);
        shared->down[i] = down_column(map + x, shared->weights, top + i / wide, h, w, radius);
    }
    __syncthreads();
    for (int64_t i = threadIdx.x; i < rows * columns; i += blockDim.x) {
        const int64_t y = i / columns, x = i % columns;
        const float* at = shared->down + y * wide + x + radius;
        visit((top + y) * w + left + x, along_row(at, shared->weights, radius));
    }
}

/* One block per tile. */
template <typename Head>
__global__ void smooth_tiles(
    float* smoothed, const Head* maps, int64_t batch_stride, int64_t K, int64_t h, int64_t w,
    double deviation) {
    __shared__ Shared shared;
    const int64_t radius = smoothing_radius(deviation);
    const Tiles tiles = tiles_of(h, w, radius);
    const int64_t i = blockIdx.x / tiles.count();
    const Head* map = maps + (i / K) * batch_stride + (i % K) * h * w;
    float* out = smoothed + i * h * w;
    if (threadIdx.x == 0) smoothing_weights(shared.weights, radius, deviation);
    smooth_tile(
        &shared, map, tiles, blockIdx.x % tiles.count(), h, w, radius,
        [&](int64_t cell, float value) { out[cell] = value; });
}

/* One block per map. */
template <typename Head>
__global__ void fuse_maps(
    float* keypoints, float* values, const Head* heatmaps, const Head* offsets,
    int64_t heatmaps_batch_stride, int64_t offsets_batch_stride, int64_t K, int64_t h, int64_t w,
    float unit, double smoothing) {
    __shared__ Shared shared;
    const int64_t i = blockIdx.x, b = i / K, k = i % K;
    const Head* map = heatmaps + b * heatmaps_batch_stride + k * h * w;
    const Head* offset = offsets ? offsets + b * offsets_batch_stride + 2 * k * h * w : nullptr;
    const int64_t radius = smoothing_radius(smoothing);
    Highest own = no_cell();
    if (threadIdx.x == 0) smoothing_weights(shared.weights, radius, smoothing);
    if (h > 0 && w > 0) {
        const Tiles tiles = tiles_of(h, w, radius);
        for (int64_t tile = 0; tile < tiles.count(); ++tile)
            smooth_tile(&shared, map, tiles, tile, h, w, radius, [&](int64_t cell, float value) {
                own = with_cell(own, value, (int32_t)cell);
            });
    }
    const Highest highest = first_of_block(own);
    if (threadIdx.x == 0)
        fused_keypoint(keypoints + 2 * i, values + i, map, offset, highest.cell, h, w, unit);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_smooth_heatmaps_scratch_bytes_cuda(
    pt_dtype /*maps_dtype*/, int64_t h, int64_t w, double deviation) {
    return check_smoothing_sizes(h, w, deviation) ? -1 : 0;
}

pt_status pt_smooth_heatmaps_cuda(
    float* smoothed, void* scratch, int64_t scratch_bytes, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, double deviation,
    void* stream) {
    if (auto status = check_smoothing_sizes(h, w, deviation)) return status;
    if (auto status = check_smooth_heatmaps(
            smoothed, scratch, scratch_bytes, 0, maps, maps_dtype, maps_batch_stride, B, K, h, w))
        return status;
    if (h == 0 || w == 0) return PT_OK;
    const int64_t tiles = tiles_of(h, w, smoothing_radius(deviation)).count();
    return with_head(maps_dtype, [&](auto type) {
        return launch<smooth_tiles<decltype(type)>>(
            {B * K * tiles, kThreads, 0, stream}, smoothed,
            static_cast<const decltype(type)*>(maps), maps_batch_stride, K, h, w, deviation);
    });
}

int64_t pt_fuse_offsets_scratch_bytes_cuda(
    pt_dtype /*dtype*/, int64_t h, int64_t w, double smoothing) {
    return check_smoothing_sizes(h, w, smoothing, "smoothing must be 0 to 64 cells") ? -1 : 0;
}

pt_status pt_fuse_offsets_cuda(
    float* keypoints, float* values, void* scratch, int64_t scratch_bytes, const void* heatmaps,
    const void* offsets, pt_dtype dtype, int64_t heatmaps_batch_stride,
    int64_t offsets_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, float radius,
    double smoothing, void* stream) {
    const int64_t needed = pt_fuse_offsets_scratch_bytes_cuda(dtype, h, w, smoothing);
    if (needed < 0) return PT_INVALID_ARGUMENT;
    if (auto status = check_fuse_offsets(
            keypoints, values, scratch, scratch_bytes, needed, heatmaps, offsets, dtype,
            heatmaps_batch_stride, offsets_batch_stride, B, K, h, w))
        return status;
    return with_head(dtype, [&](auto type) {
        using Head = decltype(type);
        return launch<fuse_maps<Head>>(
            {B * K, kSearchers, 0, stream}, keypoints, values, static_cast<const Head*>(heatmaps),
            static_cast<const Head*>(offsets), heatmaps_batch_stride, offsets_batch_stride, K, h, w,
            radius, smoothing);
    });
}
#endif
