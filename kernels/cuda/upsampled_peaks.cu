#include "../shared/upsampled_peaks.h"
#include "launch.cuh"
#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int kBlock = 64; /* threads that list a tile */
constexpr int kWarps = kBlock / kWarp;
constexpr int kMergers = 128; /* threads that merge a map's tiles */
constexpr int kMergingWarps = kMergers / kWarp;

/* Moves the strongest of `best`, which has an entry per thread, to best[0]. */
__device__ void strongest_of_block(StrongPixel* best) {
    for (unsigned half = kMergers / 2; half > 0; half /= 2) {
        __syncthreads();
        const unsigned other = threadIdx.x + half;
        if (threadIdx.x < half && is_stronger(best[other], best[threadIdx.x]))
            best[threadIdx.x] = best[other];
    }
    __syncthreads();
}

/* The strongest of all lanes. */
__device__ StrongPixel strongest_of_warp(StrongPixel own) {
    for (int32_t half = kWarp / 2; half > 0; half /= 2) {
        const StrongPixel other = {across(own.value, half), across(own.cell, half)};
        if (is_stronger(other, own)) own = other;
    }
    return own;
}

constexpr int32_t kRows = (int32_t)kTileRows, kColumns = (int32_t)kTileColumns;
constexpr int32_t kWide = kColumns + 2 * (int32_t)kMaxRadius; /* with the windows around a tile */
constexpr int32_t kHigh = kRows + 2 * (int32_t)kMaxRadius;
static_assert(kColumns == kWarp && kRows % kWarps == 0, "a warp takes whole rows of a tile");

/* Where a row of enlarged pixels lies: between two rows of the map. */
template <typename Head>
struct PixelRow {
    const Head *low, *high;
    float weight;
    bool inside; /* of the map */
};

/* A block's shared memory while it lists a tile. */
template <typename Head>
struct TileMemory {
    float pixels[kHigh * kWide];    /* of the tile and the windows around it */
    float maxima[kHigh * kColumns]; /* highest pixels of the windows' rows */
    PixelRow<Head> rows[kHigh];
    StrongPixel found[kWarps][kRows / kWarps * kColumns];
    int32_t count[kWarps]; /* peaks that a warp has found */
};

/* One column of the pixels from row `y` on, every `step` rows. The rule is that of `upsampling`,
 * known to the compiler.
 */
template <UpsamplingRule rule, typename Head>
__device__ void fill_column(
    TileMemory<Head>& to, const Upsampling& upsampling, int32_t left, int32_t wide, int32_t high,
    int32_t x, int32_t y, int32_t step) {
    const bool inside = left + x >= 0 && left + x < (int32_t)upsampling.W;
    const Place column = place_on(upsampling.columns, left + x, rule);
    for (; y < high; y += step) {
        const PixelRow<Head> row = to.rows[y];
        float value = lowest_float();
        if (inside && row.inside)
            value = blend_of_cells(
                to_float(row.low[column.low]), to_float(row.low[column.high]),
                to_float(row.high[column.low]), to_float(row.high[column.high]), column.weight,
                row.weight, rule);
        to.pixels[y * wide + x] = value;
    }
}

template <UpsamplingRule rule, typename Head>
__device__ void fill_columns(
    TileMemory<Head>& to, const Upsampling& upsampling, int32_t left, int32_t high, int32_t wide) {
    const int32_t lane = lane_of_thread(), warp = warp_of_thread();
    fill_column<rule>(to, upsampling, left, wide, high, lane, warp, kWarps);
    for (int32_t x = kColumns + warp; x < wide; x += kWarps) /* a row for each lane */
        fill_column<rule>(to, upsampling, left, wide, high, x, lane, kWarp);
}

/* The enlarged pixels from (top, left) on; those outside of the map are the lowest. */
template <typename Head>
__device__ void fill_pixels(
    TileMemory<Head>& to, const Head* map, const Upsampling& upsampling, int32_t top, int32_t left,
    int32_t high, int32_t wide) {
    const int32_t thread = (int32_t)threadIdx.x;
    if (thread < high) {
        const int32_t y = top + thread, w = upsampling.columns.cells;
        const Place at = place_on(upsampling.rows, y, upsampling.rule);
        to.rows[thread] = {
            map + (int64_t)at.low * w, map + (int64_t)at.high * w, at.weight,
            y >= 0 && y < (int32_t)upsampling.H};
    }
    __syncthreads();
    if (upsampling.rule == kHalfPixelRule)
        fill_columns<kHalfPixelRule>(to, upsampling, left, high, wide);
    else if (upsampling.rule == kCornerRule)
        fill_columns<kCornerRule>(to, upsampling, left, high, wide);
    else
        fill_columns<kSameSize>(to, upsampling, left, high, wide);
    __syncthreads();
}

/* The highest of a value and `radius` more on each side, `step` apart. */
__device__ float highest_around(const float* value, int32_t radius, int32_t step) {
    float highest = higher(*value, lowest_float());
    const float *before = value, *behind = value;
    PT_ROLLED
    for (int32_t i = 0; i < radius; ++i) {
        before -= step;
        behind += step;
        highest = higher(*behind, higher(*before, highest));
    }
    return highest;
}

/* Finds the peaks above 0 of a tile; every warp those of its rows. */
template <typename Head>
__device__ void find_in_tile(
    TileMemory<Head>& of, int32_t top, int32_t left, int32_t W, int32_t radius, int32_t wide) {
    const int32_t warp = warp_of_thread(), x = lane_of_thread();
    for (int32_t y = warp; y < kRows + 2 * radius; y += kWarps) {
        of.maxima[y * kColumns + x] = highest_around(of.pixels + y * wide + x + radius, radius, 1);
    }
    __syncthreads();
    int32_t count = 0;
    for (int32_t y = warp; y < kRows; y += kWarps) {
        const float highest =
            highest_around(of.maxima + (y + radius) * kColumns + x, radius, kColumns);
        const float value = of.pixels[(y + radius) * wide + x + radius];
        const bool is_peak = is_peak_of(value, highest, smallest_positive());
        const uint32_t peaks = ballot(is_peak);
        if (is_peak)
            of.found[warp][count + __popc(peaks & ((1u << x) - 1))] = {
                value, (top + y) * W + left + x};
        count += __popc(peaks);
    }
    if (x == 0) of.count[warp] = count;
    __syncthreads();
}

/* Writes the peaks that were found, strongest first: a peak's rank is how many are stronger. */
template <typename Head>
__device__ void write_list(StrongPixel* list, const TileMemory<Head>& of, int32_t places) {
    const int32_t warp = warp_of_thread();
    for (int32_t i = lane_of_thread(); i < of.count[warp]; i += kWarp) {
        const StrongPixel own = of.found[warp][i];
        int32_t rank = 0;
        for (int32_t other = 0; other < kWarps; ++other)
            for (int32_t j = 0; j < of.count[other]; ++j)
                rank += is_stronger(of.found[other][j], own) ? 1 : 0;
        if (rank < places) list[rank + 1] = own;
    }
    if (threadIdx.x != 0) return;
    int32_t total = 0;
    for (int32_t other = 0; other < kWarps; ++other) total += of.count[other];
    list[0] = {0, 1};
    if (total < places) list[total + 1] = {0, 0};
}

/* One block per tile: its peaks above 0, strongest first.
 *
 * A list has `places` + 1 entries. The cell of entry 0 is the number of the entry to be taken next;
 * an entry of value 0 is behind the last.
 */
template <typename Head>
__global__ void __launch_bounds__(kBlock) list_tiles(
    StrongPixel* lists, const Head* maps, Upsampling upsampling, uint32_t tiles, uint32_t C,
    int64_t batch_stride, int32_t radius, int32_t places) {
    __shared__ TileMemory<Head> memory;
    const uint32_t index = blockIdx.x / tiles, tile = blockIdx.x - index * tiles;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const Head* map = maps + index / C * batch_stride + index % C * area;
    const int32_t W = (int32_t)upsampling.W;
    const uint32_t across_map = ((uint32_t)W + kColumns - 1) / kColumns;
    const int32_t top = (int32_t)(tile / across_map) * kRows;
    const int32_t left = (int32_t)(tile % across_map) * kColumns;
    const int32_t wide = kColumns + 2 * radius, high = kRows + 2 * radius;
    fill_pixels(memory, map, upsampling, top - radius, left - radius, high, wide);
    find_in_tile(memory, top, left, W, radius, wide);
    write_list(lists + (int64_t)blockIdx.x * (places + 1), memory, places);
}

/* Room for the pixels of one map. */
struct Peaks {
    int32_t* cells; /* (N) */
    float* values;  /* (N) */
    int64_t N;
};

/* Which of its pixels count. */
struct Limits {
    float min_value;
    int64_t at_least;
};

template <typename Head>
struct EnlargedMap {
    const Head* map;
    Upsampling upsampling;
    int32_t radius, size; /* of a window; of the enlarged map */

    __device__ float suppressed(int32_t cell) const {
        return suppressed_value(map, upsampling, cell, radius);
    }
};

__device__ void put(const Peaks& peaks, int64_t n, StrongPixel pixel) {
    peaks.cells[n] = pixel.cell;
    peaks.values[n] = pixel.value;
}

/* The strongest of the next peaks of a thread's tiles. */
struct NextPeak {
    StrongPixel peak;
    StrongPixel* list; /* that it is from */
};

__device__ NextPeak next_peak(StrongPixel* lists, int64_t tiles, int32_t places) {
    NextPeak next = {{0, 0}, nullptr};
    for (int64_t tile = threadIdx.x; tile < tiles; tile += kMergers) {
        StrongPixel* list = lists + tile * (places + 1);
        const int32_t place = list[0].cell;
        if (place <= places && list[place].value > 0 && is_stronger(list[place], next.peak))
            next = {list[place], list};
    }
    return next;
}

/* Takes the peaks above 0, from the lists of the tiles. Every thread gets how many. `best` has an
 * entry for every warp, twice: those of a turn are read while the next turn's are written.
 */
__device__ int64_t take_listed(
    const Peaks& peaks, StrongPixel* lists, int64_t tiles, int32_t places, StrongPixel* best) {
    NextPeak own = next_peak(lists, tiles, places);
    for (int64_t n = 0; n < peaks.N; ++n) {
        StrongPixel* bests = best + n % 2 * kMergingWarps;
        const StrongPixel of_warp = strongest_of_warp(own.peak);
        if (threadIdx.x % kWarp == 0) bests[threadIdx.x / kWarp] = of_warp;
        __syncthreads();
        StrongPixel first = bests[0];
        for (int warp = 1; warp < kMergingWarps; ++warp)
            if (is_stronger(bests[warp], first)) first = bests[warp];
        if (!(first.value > 0)) return n;
        if (own.list == nullptr || own.peak.cell != first.cell) continue;
        put(peaks, n, first);
        ++own.list[0].cell;
        own = next_peak(lists, tiles, places);
    }
    return peaks.N;
}

/* Takes the pixels from cell `first` on that count `value`, in their order. `found`, how many
 * pixels there are so far, is shared by the block.
 */
template <typename Head>
__device__ void take_equal(
    const Peaks& peaks, int64_t& found, const EnlargedMap<Head>& enlarged, float value,
    int32_t first, StrongPixel* best) {
    for (int64_t start = first; start < enlarged.size && found < peaks.N; start += kMergers) {
        const int64_t cell = start + threadIdx.x;
        best[threadIdx.x].value =
            cell < enlarged.size ? enlarged.suppressed((int32_t)cell) : not_a_number();
        __syncthreads();
        for (int32_t i = 0; threadIdx.x == 0 && i < kMergers && found < peaks.N; ++i)
            if (best[i].value == value) put(peaks, found++, {best[i].value, (int32_t)(start + i)});
        __syncthreads();
    }
}

/* Takes the pixels below 0, value by value, since many may be equal, until none is left. */
template <typename Head>
__device__ void take_negative(
    const Peaks& peaks, int64_t& found, const EnlargedMap<Head>& enlarged, StrongPixel* best) {
    const int32_t size = enlarged.size;
    StrongPixel last = {0, 0};
    while (found < peaks.N) {
        StrongPixel own = {lowest_float(), size};
        for (int32_t cell = threadIdx.x; cell < size; cell += kMergers) {
            const StrongPixel pixel = {enlarged.suppressed(cell), cell};
            if (pixel.value < last.value && is_stronger(pixel, own)) own = pixel;
        }
        best[threadIdx.x] = own;
        strongest_of_block(best);
        last = best[0];
        if (last.cell == size) break;
        __syncthreads();
        take_equal(peaks, found, enlarged, last.value, last.cell, best);
    }
}

/* One block per map: peaks above 0, then pixels that count 0, then those below; behind the last
 * pixel of a map there is no cell.
 */
template <typename Head>
__global__ void merge_tiles(
    int32_t* cells, float* values, int32_t* count, StrongPixel* lists, const Head* maps,
    Upsampling upsampling, int64_t tiles, int64_t C, int64_t N, int64_t batch_stride,
    int32_t radius, int32_t places, Limits limits) {
    __shared__ StrongPixel best[kMergers];
    __shared__ int64_t found;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const Head* map = maps + blockIdx.x / C * batch_stride + blockIdx.x % C * area;
    const int32_t size = (int32_t)(upsampling.H * upsampling.W);
    const EnlargedMap<Head> enlarged = {map, upsampling, radius, size};
    const Peaks peaks = {cells + blockIdx.x * N, values + blockIdx.x * N, N};
    lists += blockIdx.x * tiles * (places + 1);
    const int64_t listed = take_listed(peaks, lists, tiles, places, best);
    if (threadIdx.x == 0) found = listed;
    __syncthreads(); /* all have read `best`, too */
    take_equal(peaks, found, enlarged, 0, 0, best);
    take_negative(peaks, found, enlarged, best);
    for (int64_t n = found + threadIdx.x; n < N; n += kMergers) put(peaks, n, {0, -1});
    if (threadIdx.x == 0) /* all were put before a barrier, or by this thread */
        count[blockIdx.x] =
            (int32_t)leading_values(peaks.values, found, limits.min_value, limits.at_least);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

namespace {

template <typename Head>
pt_status find_peaks(
    int32_t* cells, float* values, int32_t* count, StrongPixel* lists, const Head* maps,
    Upsampling upsampling, int64_t batch_stride, int64_t B, int64_t C, int64_t N, int32_t radius,
    Limits limits, void* stream) {
    const int64_t tiles = tiles_of(upsampling.H, upsampling.W);
    const int32_t places = (int32_t)places_of_tile(N);
    const pt_status listed = launch<list_tiles<Head>>(
        {B * C * tiles, kBlock, 0, stream}, lists, maps, upsampling, (uint32_t)tiles, (uint32_t)C,
        batch_stride, radius, places);
    if (listed != PT_OK) return listed;
    return launch<merge_tiles<Head>>(
        {B * C, kMergers, 0, stream}, cells, values, count, lists, maps, upsampling, tiles, C, N,
        batch_stride, radius, places, limits);
}

}  // namespace

int64_t pt_upsampled_peaks_scratch_bytes_cuda(
    pt_dtype /*maps_dtype*/, int64_t B, int64_t C, int64_t N, int64_t h, int64_t w, int64_t H,
    int64_t W) {
    if (check_upsampled_peaks_sizes(B, C, N, h, w, H, W)) return -1;
    return scratch_bytes<TilesOnCuda>(B, C, N, H, W);
}

pt_status pt_upsampled_peaks_cuda(
    int32_t* cells, float* values, int32_t* count, void* scratch, int64_t scratch_bytes,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C,
    int64_t N, int64_t h, int64_t w, int64_t H, int64_t W, int64_t window, int64_t rule,
    float min_value, int64_t at_least, void* stream) {
    const int64_t needed = pt_upsampled_peaks_scratch_bytes_cuda(maps_dtype, B, C, N, h, w, H, W);
    if (auto status = check_upsampled_peaks(
            cells, values, count, scratch, scratch_bytes, needed, maps, maps_dtype,
            maps_batch_stride, B, C, N, h, w, H, W, window, rule, min_value, at_least))
        return status;
    if (B == 0 || C == 0) return PT_OK;
    const auto working = lay_out<TilesOnCuda>(scratch, B, C, N, H, W);
    const Upsampling upsampling =
        H > 0 && W > 0 ? upsampling_of(h, w, H, W, upsampling_rule(rule)) : Upsampling{};
    return with_head(maps_dtype, [&](auto type) {
        return find_peaks(
            cells, values, count, working.lists, static_cast<const decltype(type)*>(maps),
            upsampling, maps_batch_stride, B, C, N, window_radius(window, h, w),
            Limits{min_value, at_least}, stream);
    });
}
#endif
