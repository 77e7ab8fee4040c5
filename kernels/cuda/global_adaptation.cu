/* One block per keypoint. Only those tiles of the convolution are computed that can hold one of its
 * two highest cells: highest bound first, until no bound reaches the two highest cells found. A
 * tile's bound comes from the highest cell of the heatmap and the highest weight within the
 * kernel's reach, so that most of the window is never computed.
 */
#include "../shared/global_adaptation.h"
#include "launch.cuh"
#include "warp.cuh"
#include "window_region.cuh"

namespace posetrack {
namespace {

constexpr int32_t kCells = 4; /* neighbours in a row, which a thread convolves together */
constexpr int32_t kConvolving = kTile * kTile / kCells; /* threads */

PT_HD constexpr int64_t tiles_along(int64_t g) { return (g + kTile - 1) / kTile; }

/* The parts of a block's shared memory, but for a region. */
struct Shared {
    float* kernel;        /* (s, s) */
    float* masses;        /* (s) of the kernel's rows */
    float* bounds;        /* (tiles, tiles) of the convolution; below 0: computed */
    float* weight_maxima; /* (g, tiles) highest weight of each row in reach */
    float* heat_maxima;   /* (g + 3, tiles) the same of the heatmap's rows */
    CellSpan* rows;       /* (tiles) of the heatmap, which a tile reaches */
    CellSpan* columns;    /* (tiles) */
    TopTwo* found;        /* (warps that convolve) */
    int32_t tiles;
};

/* In floats; the last part is that of the region. */
PT_HD constexpr int64_t shared_size(int64_t g, int64_t s) {
    const int64_t tiles = tiles_along(g), spans = 2 * tiles * (int64_t)sizeof(CellSpan) / 4;
    const int64_t found = kConvolving / kWarp * (int64_t)sizeof(TopTwo) / 4;
    return s * s + s + tiles * tiles + (2 * g + 3) * tiles + spans + found;
}

PT_HD constexpr int64_t shared_bytes(int64_t g, int64_t s) {
    return (shared_size(g, s) + region_size(s)) * (int64_t)sizeof(float);
}

PT_HD Shared shared_in(float* memory, int32_t g, int32_t s) {
    Shared to;
    to.tiles = (int32_t)tiles_along(g);
    to.kernel = memory;
    to.masses = to.kernel + s * s;
    to.bounds = to.masses + s;
    to.weight_maxima = to.bounds + to.tiles * to.tiles;
    to.heat_maxima = to.weight_maxima + g * to.tiles;
    to.rows = reinterpret_cast<CellSpan*>(to.heat_maxima + (g + 3) * to.tiles);
    to.columns = to.rows + to.tiles;
    to.found = reinterpret_cast<TopTwo*>(to.columns + to.tiles);
    return to;
}

/* The kernel, and for each tile the cells of the heatmap that it reaches. */
template <typename Head, typename Kernel>
__device__ void take_given(
    const Shared& to, const WindowOn<Head>& window, const Kernel* kernel, int32_t s, bool clamp) {
    const int32_t reach = s / 2, g = window.side;
    for (int32_t i = threadIdx.x; i < s * s; i += kSearchers)
        to.kernel[i] = kernel ? kernel_entry(to_float(kernel[i]), s, clamp) : 1;
    for (int32_t tile = threadIdx.x; tile < to.tiles; tile += kSearchers) {
        const CellSpan span = reached(tile, reach, g);
        const Upsampling& on = window.to;
        to.rows[tile] = heat_span(window.y, span, g, on.rows, on.H, on.rule);
        to.columns[tile] = heat_span(window.x, span, g, on.columns, on.W, on.rule);
    }
}

/* The highest weight in reach of each tile's columns, row by row. Returns to all threads whether a
 * weight is negative.
 */
template <typename Head>
__device__ bool find_highest_weights(const Shared& to, const WindowOn<Head>& window, int32_t s) {
    bool negative = false;
    for (int32_t i = threadIdx.x; i < window.side * to.tiles; i += kSearchers) {
        const CellSpan span = reached(i % to.tiles, s / 2, window.side);
        const float* row = window.weights + (int64_t)(i / to.tiles) * window.side;
        float highest = 0;
        for (int32_t x = span.first; x <= span.last; ++x) {
            highest = higher(magnitude(row[x]), highest);
            negative = negative || row[x] < 0;
        }
        to.weight_maxima[i] = highest;
    }
    return __syncthreads_or(negative ? 1 : 0) != 0;
}

/* The sums of magnitudes of the kernel's rows. Returns to all threads whether an entry is negative.
 */
__device__ bool add_up_rows(const Shared& to, int32_t s) {
    bool negative = false;
    for (int32_t row = threadIdx.x; row < s; row += kSearchers)
        negative = row_mass(to.kernel + row * s, s, to.masses[row]) || negative;
    return __syncthreads_or(negative ? 1 : 0) != 0;
}

/* The highest cell in reach of each tile's columns, row by row of the heatmap. */
template <typename Head>
__device__ void find_highest_cells(
    const Shared& to, const WindowOn<Head>& window, bool magnitudes) {
    const int32_t top = to.rows[0].first, count = to.rows[to.tiles - 1].last - top + 1;
    for (int32_t i = threadIdx.x; i < count * to.tiles; i += kSearchers) {
        const CellSpan span = to.columns[i % to.tiles];
        const Head* row = window.heat + (int64_t)(top + i / to.tiles) * window.to.columns.cells;
        float highest = 0;
        for (int32_t x = span.first; x <= span.last; ++x) {
            const float value = to_float(row[x]);
            highest = higher(magnitudes ? magnitude(value) : value, highest);
        }
        to.heat_maxima[i] = highest;
    }
    __syncthreads();
}

__device__ void bound_tiles(const Shared& to, int32_t g, int32_t s) {
    const int32_t tiles = to.tiles;
    const float mass = total_mass(to.masses, s);
    for (int32_t tile = threadIdx.x; tile < tiles * tiles; tile += kSearchers) {
        const int32_t y = tile / tiles, x = tile % tiles;
        const CellSpan weights = reached(y, s / 2, g), cells = to.rows[y];
        float weight = 0, highest = 0;
        for (int32_t row = weights.first; row <= weights.last; ++row)
            weight = higher(to.weight_maxima[row * tiles + x], weight);
        for (int32_t row = cells.first; row <= cells.last; ++row)
            highest = higher(to.heat_maxima[(row - to.rows[0].first) * tiles + x], highest);
        to.bounds[tile] = tile_bound(mass, highest, weight);
    }
    __syncthreads();
}

/* The tile of the highest bound, and that bound; every warp finds it by itself. */
__device__ WindowPeak highest_bound(const Shared& of) {
    WindowPeak best = {-1, -1};
    for (int32_t tile = threadIdx.x % kWarp; tile < of.tiles * of.tiles; tile += kWarp)
        if (of.bounds[tile] >= 0 && precedes({of.bounds[tile], tile}, best))
            best = {of.bounds[tile], tile};
    for (int32_t half = kWarp / 2; half > 0; half /= 2) {
        const WindowPeak other = {across(best.value, half), across(best.cell, half)};
        if (other.cell >= 0 && precedes(other, best)) best = other;
    }
    return best;
}

/* Sums of the convolution for kCells neighbours, whose first lies at `cell` of the region. The
 * region's border is 0, and a kernel is turned: its first entry meets the last cell.
 */
__device__ void convolve(
    float* sums, const float* cell, const float* kernel, int32_t stride, int32_t s) {
    for (int32_t row = 0; row < s; ++row) {
        const float* from = cell + (s - 1 - row) * stride + s - 1;
        float near[kCells];
        for (int32_t i = 1; i < kCells; ++i) near[i] = from[i];
        for (int32_t column = 0; column < s; ++column) {
            near[0] = from[-column];
            const float entry = *kernel++;
            for (int32_t i = kCells - 1; i >= 0; --i) {
                sums[i] = convolved(sums[i], near[i], entry);
                if (i > 0) near[i] = near[i - 1];
            }
        }
    }
}

/* The best two of all lanes. */
__device__ TopTwo best_of_warp(TopTwo mine) {
    for (int32_t half = kWarp / 2; half > 0; half /= 2) {
        const WindowPeak first = {across(mine.first.value, half), across(mine.first.cell, half)};
        const WindowPeak second = {across(mine.second.value, half), across(mine.second.cell, half)};
        if (first.cell >= 0) insert(mine, first);
        if (second.cell >= 0) insert(mine, second);
    }
    return mine;
}

/* Adds the best two cells of a tile, whose region is filled, to `top`; every thread gets it. */
__device__ void search_tile(
    TopTwo& top, const Shared& of, const Region& region, int32_t tile, int32_t g, int32_t s) {
    const int32_t thread = (int32_t)threadIdx.x;
    if (thread < kConvolving) {
        const int32_t y = thread * kCells / kTile, x = thread * kCells % kTile;
        float sums[kCells] = {};
        convolve(sums, region.cells + y * region.stride + x, of.kernel, region.stride, s);
        const int32_t v = tile / of.tiles * kTile + y, u = tile % of.tiles * kTile + x;
        TopTwo mine = no_peaks();
        for (int32_t i = 0; i < kCells; ++i)
            if (v < g && u + i < g) insert(mine, {sums[i], v * g + u + i});
        mine = best_of_warp(mine);
        if (thread % kWarp == 0) of.found[thread / kWarp] = mine;
    }
    if (thread == 0) of.bounds[tile] = -1; /* all have read it: there is a barrier in between */
    __syncthreads();
    for (int32_t warp = 0; warp < kConvolving / kWarp; ++warp) {
        const TopTwo found = of.found[warp];
        if (found.first.cell >= 0) insert(top, found.first);
        if (found.second.cell >= 0) insert(top, found.second);
    }
}

/* The two highest cells of a keypoint's convolved window. */
template <typename Head, typename Kernel>
__device__ TopTwo search_window(
    const Shared& shared, const Region& region, const WindowOn<Head>& window, const Kernel* kernel,
    int32_t s, bool clamp) {
    take_given(shared, window, kernel, s, clamp);
    const bool weights_negative = find_highest_weights(shared, window, s);
    const bool kernel_negative = add_up_rows(shared, s);
    find_highest_cells(shared, window, weights_negative || kernel_negative);
    bound_tiles(shared, window.side, s);
    TopTwo top = no_peaks();
    for (;;) { /* all threads decide the same */
        const WindowPeak tile = highest_bound(shared);
        if (tile.cell < 0 || (top.second.cell >= 0 && tile.value < top.second.value)) return top;
        fill_region(region, window, tile.cell / shared.tiles, tile.cell % shared.tiles, s / 2);
        search_tile(top, shared, region, tile.cell, window.side, s);
    }
}

template <typename Head, typename Kernel>
__global__ void __launch_bounds__(kSearchers) adapt(
    float* adapted_keypoints, float* values, const float* keypoints, const Head* heatmap,
    const Kernel* kernels, const float* weights, const int32_t* counts,
    int64_t heatmap_batch_stride, int64_t kernels_batch_stride, int32_t N, int32_t K,
    Upsampling upsampling, int32_t g, int32_t s, float first_weight, bool clamp) {
    PT_DYNAMIC_SHARED(float, memory);
    const int32_t i = (int32_t)blockIdx.x, b = i / (N * K), in_image = i % (N * K);
    const float x = keypoints[2 * (int64_t)i], y = keypoints[2 * (int64_t)i + 1];
    if (in_image / K >= valid_rows(counts, b, N)) { /* all threads decide the same, as below */
        if (threadIdx.x == 0)
            adapted_keypoints[2 * (int64_t)i] = adapted_keypoints[2 * (int64_t)i + 1] = values[i] =
                0;
        return;
    }
    TopTwo top = no_peaks();
    if (is_finite(x) && is_finite(y)) {
        const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
        const Head* heat = heatmap + b * heatmap_batch_stride + in_image % K * area;
        const WindowOn<Head> window = {heat, upsampling, x, y, weights, g};
        const Kernel* kernel =
            kernels ? kernels + b * kernels_batch_stride + (int64_t)in_image * s * s : nullptr;
        const Region region = region_in(memory, s);
        const Shared shared = shared_in(region.end(), g, s);
        top = search_window(shared, region, window, kernel, s, clamp);
    }
    if (threadIdx.x != 0) return;
    adapted_keypoints[2 * (int64_t)i] = adapted(x, top, g, first_weight, false);
    adapted_keypoints[2 * (int64_t)i + 1] = adapted(y, top, g, first_weight, true);
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
                {B * N * K, (unsigned)kSearchers, shared_bytes(g, s), stream}, adapted_keypoints,
                values, keypoints, static_cast<const decltype(head)*>(heatmap),
                static_cast<const decltype(kernel)*>(kernels), weights, counts,
                heatmap_batch_stride, kernels_batch_stride, (int32_t)N, (int32_t)K, upsampling,
                (int32_t)g, (int32_t)s, first_weight, clamp != 0);
        });
    });
}
#endif
