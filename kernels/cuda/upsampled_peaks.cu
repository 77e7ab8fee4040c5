#include "../shared/upsampled_peaks.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kBlock = 256;

/* Moves the strongest of `best`, which has an entry per thread, to best[0], and if `owned` the
 * owner of that entry to owner[0].
 */
template <bool owned>
__device__ void strongest_of_block(StrongPixel* best, int32_t* owner) {
    for (unsigned half = kBlock / 2; half > 0; half /= 2) {
        __syncthreads();
        const unsigned other = threadIdx.x + half;
        if (threadIdx.x < half && is_stronger(best[other], best[threadIdx.x])) {
            best[threadIdx.x] = best[other];
            if (owned) owner[threadIdx.x] = owner[other];
        }
    }
    __syncthreads();
}

/* One block per tile: its peaks above 0, strongest first.
 *
 * A list has `places` + 1 entries. The cell of entry 0 is the number of the entry to be taken next;
 * an entry of value 0 is behind the last.
 */
template <typename Head>
__global__ void list_tiles(
    StrongPixel* lists, const Head* maps, Upsampling upsampling, int64_t tiles, int64_t C,
    int64_t batch_stride, int32_t radius, int32_t places) {
    __shared__ float pixels[(kTileRows + 2 * kMaxRadius) * (kTileColumns + 2 * kMaxRadius)];
    __shared__ float peaks[kTileRows * kTileColumns];
    __shared__ StrongPixel best[kBlock];
    const int64_t map_index = blockIdx.x / tiles, tile = blockIdx.x % tiles;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const Head* map = maps + map_index / C * batch_stride + map_index % C * area;
    const int32_t H = (int32_t)upsampling.H, W = (int32_t)upsampling.W;
    const int32_t columns = (int32_t)kTileColumns, size = (int32_t)(kTileRows * kTileColumns);
    const int32_t across = (W + columns - 1) / columns;
    const int32_t top = (int32_t)(tile / across * kTileRows);
    const int32_t left = (int32_t)(tile % across * kTileColumns);
    const int32_t wide = columns + 2 * radius, high = (int32_t)kTileRows + 2 * radius;
    for (int32_t i = threadIdx.x; i < wide * high; i += kBlock) {
        const int32_t y = top - radius + i / wide, x = left - radius + i % wide;
        const bool inside = y >= 0 && y < H && x >= 0 && x < W;
        pixels[i] = inside ? upsampled_value(map, upsampling, y, x) : lowest_float();
    }
    __syncthreads();
    for (int32_t i = threadIdx.x; i < size; i += kBlock) {
        const float* window = pixels + i / columns * wide + i % columns;
        float highest = lowest_float();
        for (int32_t v = 0; v <= 2 * radius; ++v)
            for (int32_t u = 0; u <= 2 * radius; ++u)
                highest = higher(window[v * wide + u], highest);
        const float value = window[radius * wide + radius];
        peaks[i] = is_peak_of(value, highest, smallest_positive()) ? value : 0;
    }
    StrongPixel* list = lists + (int64_t)blockIdx.x * (places + 1);
    if (threadIdx.x == 0) list[0] = {0, 1};
    for (int32_t n = 1; n <= places; ++n) {
        __syncthreads();
        StrongPixel own = {0, 0};
        for (int32_t i = threadIdx.x; i < size; i += kBlock)
            if (peaks[i] > own.value) own = {peaks[i], i};
        best[threadIdx.x] = own;
        strongest_of_block<false>(best, nullptr);
        const StrongPixel first = best[0];
        __syncthreads();
        if (threadIdx.x == 0) {
            const int32_t y = top + first.cell / columns, x = left + first.cell % columns;
            list[n] = {first.value, y * W + x};
            peaks[first.cell] = 0;
        }
        if (!(first.value > 0)) break;
    }
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

/* Takes the peaks above 0, from the lists of the tiles. Every thread gets how many. */
__device__ int64_t take_listed(
    const Peaks& peaks, StrongPixel* lists, int64_t tiles, int32_t places, StrongPixel* best,
    int32_t* owner) {
    for (int64_t n = 0; n < peaks.N; ++n) {
        __syncthreads();
        StrongPixel own = {0, 0};
        for (int32_t tile = threadIdx.x; tile < tiles; tile += kBlock) {
            const StrongPixel* list = lists + tile * (int64_t)(places + 1);
            if (list[0].cell > places || !(list[list[0].cell].value > 0)) continue;
            if (!is_stronger(list[list[0].cell], own)) continue;
            own = list[list[0].cell];
            owner[threadIdx.x] = tile;
        }
        best[threadIdx.x] = own;
        strongest_of_block<true>(best, owner);
        const StrongPixel first = best[0];
        const int32_t tile = owner[0];
        if (!(first.value > 0)) return n;
        __syncthreads();
        if (threadIdx.x != 0) continue;
        put(peaks, n, first);
        ++lists[tile * (int64_t)(places + 1)].cell;
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
    for (int64_t start = first; start < enlarged.size && found < peaks.N; start += kBlock) {
        const int64_t cell = start + threadIdx.x;
        best[threadIdx.x].value =
            cell < enlarged.size ? enlarged.suppressed((int32_t)cell) : not_a_number();
        __syncthreads();
        for (int32_t i = 0; threadIdx.x == 0 && i < kBlock && found < peaks.N; ++i)
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
        for (int32_t cell = threadIdx.x; cell < size; cell += kBlock) {
            const StrongPixel pixel = {enlarged.suppressed(cell), cell};
            if (pixel.value < last.value && is_stronger(pixel, own)) own = pixel;
        }
        best[threadIdx.x] = own;
        strongest_of_block<false>(best, nullptr);
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
    __shared__ StrongPixel best[kBlock];
    __shared__ int32_t owner[kBlock];
    __shared__ int64_t found;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const Head* map = maps + blockIdx.x / C * batch_stride + blockIdx.x % C * area;
    const int32_t size = (int32_t)(upsampling.H * upsampling.W);
    const EnlargedMap<Head> enlarged = {map, upsampling, radius, size};
    const Peaks peaks = {cells + blockIdx.x * N, values + blockIdx.x * N, N};
    lists += blockIdx.x * tiles * (places + 1);
    const int64_t listed = take_listed(peaks, lists, tiles, places, best, owner);
    if (threadIdx.x == 0) found = listed;
    __syncthreads();
    take_equal(peaks, found, enlarged, 0, 0, best);
    take_negative(peaks, found, enlarged, best);
    for (int64_t n = found + threadIdx.x; n < N; n += kBlock) put(peaks, n, {0, -1});
    if (threadIdx.x == 0) /* which has put all pixels itself */
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
        {B * C * tiles, kBlock, 0, stream}, lists, maps, upsampling, tiles, C, batch_stride, radius,
        places);
    if (listed != PT_OK) return listed;
    return launch<merge_tiles<Head>>(
        {B * C, kBlock, 0, stream}, cells, values, count, lists, maps, upsampling, tiles, C, N,
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
            upsampling, maps_batch_stride, B, C, N, (int32_t)(window / 2),
            Limits{min_value, at_least}, stream);
    });
}
#endif
