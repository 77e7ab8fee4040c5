/* One block per keypoint, whose window lies in shared memory. Only those tiles of the convolution
 * are computed that can hold one of the two highest cells.
 */
#include "../shared/global_adaptation.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int64_t kTile = 16; /* cells along a tile's sides; each cell has a thread */
constexpr int64_t kTileThreads = kTile * kTile;

PT_HD constexpr int64_t tiles_along(int64_t g) { return (g + kTile - 1) / kTile; }

/* The parts of a block's shared memory. */
struct Shared {
    TopTwo* found;  /* (threads) */
    float* window;  /* (g, g) */
    float* kernel;  /* (s, s) */
    float* highest; /* (tiles, tiles) highest values of the window */
    float* bounds;  /* (tiles, tiles) bounds of the convolution */

    PT_HD Shared(void* memory, int64_t g, int64_t s) {
        found = static_cast<TopTwo*>(memory);
        window = reinterpret_cast<float*>(found + kTileThreads);
        kernel = window + g * g;
        highest = kernel + s * s;
        bounds = highest + tiles_along(g) * tiles_along(g);
    }
};

PT_HD constexpr int64_t shared_bytes(int64_t g, int64_t s) {
    const int64_t floats = g * g + s * s + 2 * tiles_along(g) * tiles_along(g);
    return kTileThreads * (int64_t)sizeof(TopTwo) + floats * (int64_t)sizeof(float);
}

/* A bound for the cells of a tile, from the highest values of the tiles within the kernel's reach.
 */
PT_HD float tile_bound(const Shared& of, float mass, int64_t tile, int64_t g, int64_t s) {
    const int64_t tiles = tiles_along(g), reach = tiles_along(s / 2);
    const int64_t y = tile / tiles, x = tile % tiles;
    float highest = 0;
    for (int64_t v = y - reach; v <= y + reach; ++v)
        for (int64_t u = x - reach; u <= x + reach; ++u)
            if (v >= 0 && v < tiles && u >= 0 && u < tiles)
                highest = higher(of.highest[v * tiles + u], highest);
    const float bound = convolution_bound(mass, highest);
    return is_nan(bound) ? positive_infinity() : bound;
}

/* One cell of the convolution. */
PT_HD WindowPeak convolved_cell(const Shared& of, int64_t y, int64_t x, int64_t g, int64_t s) {
    float sum = 0;
    for (int64_t row = 0; row < s; ++row)
        for (int64_t column = 0; column < s; ++column) {
            const int64_t v = y + s / 2 - row, u = x + s / 2 - column;
            const bool inside = v >= 0 && v < g && u >= 0 && u < g;
            sum = convolved(sum, inside ? of.window[v * g + u] : 0, of.kernel[row * s + column]);
        }
    return {sum, (int32_t)(y * g + x)};
}

/* Joins the best two of every thread to the best two of the block, in found[0]. */
__device__ void join_found(TopTwo* found) {
    for (int64_t half = kTileThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) {
            const TopTwo other = found[threadIdx.x + half];
            if (other.first.cell >= 0) insert(found[threadIdx.x], other.first);
            if (other.second.cell >= 0) insert(found[threadIdx.x], other.second);
        }
    }
    __syncthreads();
}

/* The best two of a tile and of `top`, the best two so far. */
__device__ TopTwo
search_tile(const Shared& of, const TopTwo& before, int64_t tile, int64_t g, int64_t s) {
    const int64_t y = tile / tiles_along(g) * kTile + threadIdx.x / kTile;
    const int64_t x = tile % tiles_along(g) * kTile + threadIdx.x % kTile;
    TopTwo mine = threadIdx.x == 0 ? before : no_peaks();
    if (y < g && x < g) insert(mine, convolved_cell(of, y, x, g, s));
    of.found[threadIdx.x] = mine;
    join_found(of.found);
    const TopTwo top = of.found[0];
    __syncthreads(); /* all have read before the next tile writes */
    return top;
}

template <typename Head, typename Kernel>
__device__ void fill_shared(
    const Shared& to, const Head* heat, const Upsampling& upsampling, const Kernel* kernel,
    const float* keypoint, const float* weights, int64_t g, int64_t s, bool clamp) {
    for (int64_t i = threadIdx.x; i < g * g; i += kTileThreads)
        to.window[i] = weighed_cell(
            sampled_between(
                heat, upsampling, window_position(keypoint[0], i % g, g),
                window_position(keypoint[1], i / g, g)),
            weights[i]);
    for (int64_t i = threadIdx.x; i < s * s; i += kTileThreads)
        to.kernel[i] = kernel ? kernel_entry(to_float(kernel[i]), s, clamp) : 1;
    __syncthreads();
    float mass = 0;
    const bool negative = kernel_mass(to.kernel, s, mass);
    const int64_t tiles = tiles_along(g);
    for (int64_t tile = threadIdx.x; tile < tiles * tiles; tile += kTileThreads) {
        float highest = 0;
        for (int64_t y = tile / tiles * kTile; y < g && y < (tile / tiles + 1) * kTile; ++y)
            for (int64_t x = tile % tiles * kTile; x < g && x < (tile % tiles + 1) * kTile; ++x) {
                const float value = to.window[y * g + x];
                highest = higher(negative ? magnitude(value) : value, highest);
            }
        to.highest[tile] = highest;
    }
    __syncthreads();
    for (int64_t tile = threadIdx.x; tile < tiles * tiles; tile += kTileThreads)
        to.bounds[tile] = tile_bound(to, mass, tile, g, s);
    __syncthreads();
}

template <typename Head, typename Kernel>
__global__ void adapt(
    float* adapted_keypoints, float* values, const float* keypoints, const Head* heatmap,
    const Kernel* kernels, const float* weights, const int32_t* counts,
    int64_t heatmap_batch_stride, int64_t kernels_batch_stride, int64_t N, int64_t K, int64_t h,
    int64_t w, Upsampling upsampling, int64_t g, int64_t s, float first_weight, bool clamp) {
    PT_DYNAMIC_SHARED(double, memory);
    const Shared shared(memory, g, s);
    const int64_t i = blockIdx.x, b = i / (N * K);
    const float* keypoint = keypoints + 2 * i;
    if (i / K % N >= valid_rows(counts, b, N)) { /* all threads decide the same, as below */
        if (threadIdx.x == 0)
            adapted_keypoints[2 * i] = adapted_keypoints[2 * i + 1] = values[i] = 0;
        return;
    }
    TopTwo top = no_peaks();
    if (is_finite(keypoint[0]) && is_finite(keypoint[1])) {
        const Head* heat = heatmap + b * heatmap_batch_stride + i % K * h * w;
        const Kernel* kernel =
            kernels ? kernels + b * kernels_batch_stride + i % (N * K) * s * s : nullptr;
        fill_shared(shared, heat, upsampling, kernel, keypoint, weights, g, s, clamp);
        const int64_t tiles = tiles_along(g) * tiles_along(g);
        int64_t best = 0;
        for (int64_t tile = 1; tile < tiles; ++tile)
            if (shared.bounds[tile] > shared.bounds[best]) best = tile;
        top = search_tile(shared, top, best, g, s);
        for (int64_t tile = 0; tile < tiles; ++tile) {
            const bool hopeless = top.second.cell >= 0 && shared.bounds[tile] < top.second.value;
            if (tile != best && !hopeless) top = search_tile(shared, top, tile, g, s);
        }
    }
    if (threadIdx.x != 0) return;
    adapted_keypoints[2 * i] = adapted(keypoint[0], top, g, first_weight, false);
    adapted_keypoints[2 * i + 1] = adapted(keypoint[1], top, g, first_weight, true);
    values[i] = adapted_value(top, first_weight);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

/* LOGO-CAP's published window fits into the shared memory that every GPU gives a block. */
static_assert(shared_bytes(97, 19) <= kSharedUnasked, "LOGO-CAP's window must fit every GPU");

int64_t pt_global_adaptation_scratch_bytes_cuda(
    pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t K, int64_t h, int64_t w, int64_t g,
    int64_t s) {
    return check_global_adaptation_sizes(heatmap_dtype, kernels_dtype, K, h, w, g, s) ? -1 : 0;
}

pt_status pt_global_adaptation_cuda(
    float* adapted_keypoints, float* values, void* scratch, int64_t scratch_bytes,
    const float* keypoints, const void* heatmap, const void* kernels, const float* weights,
    const int32_t* counts, pt_dtype heatmap_dtype, pt_dtype kernels_dtype,
    int64_t heatmap_batch_stride, int64_t kernels_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t g, int64_t s, float first_weight,
    int64_t clamp, void* stream) {
    if (auto status = check_global_adaptation(
            adapted_keypoints, values, scratch, scratch_bytes, 0, keypoints, heatmap, kernels,
            weights, counts, heatmap_dtype, kernels_dtype, heatmap_batch_stride,
            kernels_batch_stride, B, N, K, h, w, H, W, g, s))
        return status;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kHalfPixelRule);
    return with_head(heatmap_dtype, [&](auto head) {
        return with_head(kernels_dtype, [&](auto kernel) {
            return launch<adapt<decltype(head), decltype(kernel)>>(
                {B * N * K, kTileThreads, shared_bytes(g, s), stream}, adapted_keypoints, values,
                keypoints, static_cast<const decltype(head)*>(heatmap),
                static_cast<const decltype(kernel)*>(kernels), weights, counts,
                heatmap_batch_stride, kernels_batch_stride, N, K, h, w, upsampling, g, s,
                first_weight, clamp != 0);
        });
    });
}
#endif
