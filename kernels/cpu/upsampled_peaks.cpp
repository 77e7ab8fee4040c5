/* Tiles are searched from the most promising one on, until the cells of the remaining tiles are too
 * low for a place in the list. A tile is enlarged into a buffer that stays in the L1 cache. Most of
 * its rows are skipped, because none of their pixels is as high as its four neighbours.
 *
 * 17 maps of 128 x 176 cells with 30 people at 512 x 704, one thread: 1.6 ms; with tiles of 64
 * columns 2.0. Tried before rows were skipped, at 2.5 ms: tiles of 8 x 32 (2.9) and of 32 x 64
 * pixels (3.1). Writing the enlarged maps to memory takes 4.5 ms, without searching them.
 */
#include "../shared/upsampled_peaks.h"

#include <algorithm>

#include "enlarge.h"
#include "widen.h"

namespace posetrack {
namespace {

constexpr int64_t kWidth = kTileColumns + 2 * kMaxRadius; /* of a tile with its border */
constexpr int64_t kHeight = kTileRows + 2 * kMaxRadius;

bool is_less_promising(Tile a, Tile b) { return a.bound < b.bound; }

/* The list of one map; `found` of its N places are filled. */
struct List {
    int32_t* cells;
    float* values;
    int64_t N, found;
};

/* The lowest value above 0 that still has a place in the list. */
float least_value(const List& list) {
    return list.found < list.N ? smallest_positive() : list.values[list.N - 1];
}

void insert(List& list, StrongPixel pixel) {
    int64_t at = list.found;
    while (at > 0 && is_stronger(pixel, {list.values[at - 1], list.cells[at - 1]})) --at;
    if (at == list.N) return;
    if (list.found < list.N) ++list.found;
    for (int64_t i = list.found - 1; i > at; --i) {
        list.values[i] = list.values[i - 1];
        list.cells[i] = list.cells[i - 1];
    }
    list.values[at] = pixel.value;
    list.cells[at] = pixel.cell;
}

/* Whether a pixel of a row reaches `least` and none of its four neighbours is higher. Only then the
 * row can hold a peak, and most rows cannot. The neighbours above and below lie `down` values away,
 * those beside the pixel `right` values; both are 0 for windows of one pixel.
 */
bool has_summit(
    const float* __restrict row, int32_t columns, float least, int64_t down, int64_t right) {
    int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (int32_t x = 0; x < columns; ++x) {
        const float upright = higher(row[x - down], row[x + down]);
        const float level = higher(row[x - right], row[x + right]);
        any |= (row[x] >= least) & !(upright > row[x]) & !(level > row[x]);
    }
    return any != 0;
}

/* The highest value of each window around a row of the tile. Returns whether a window's middle is
 * its highest and reaches `least`.
 *
 * `pixels` points to the first row of the windows, and of its columns to the first of the first
 * window. Rows are kWidth apart.
 */
bool window_maxima(
    float* __restrict highest, const float* __restrict pixels, int32_t columns, int32_t side,
    float least) {
    float across[kWidth];
    const int32_t wide = columns + side - 1;
    for (int32_t x = 0; x < wide; ++x) across[x] = lowest_float();
    for (int32_t v = 0; v < side; ++v)
        for (int32_t x = 0; x < wide; ++x) across[x] = higher(pixels[v * kWidth + x], across[x]);
    for (int32_t x = 0; x < columns; ++x) highest[x] = across[x];
    for (int32_t u = 1; u < side; ++u)
        for (int32_t x = 0; x < columns; ++x) highest[x] = higher(across[x + u], highest[x]);
    const float* middle = pixels + (side / 2) * kWidth + side / 2;
    int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (int32_t x = 0; x < columns; ++x) any |= is_peak_of(middle[x], highest[x], least);
    return any != 0;
}

/* Adds the peaks of one tile, from row `top` and column `left` on, to the list. */
void search_tile(
    List& list, const float* map, const Upsampling& upsampling, int32_t top, int32_t left,
    int32_t radius) {
    const int32_t H = (int32_t)upsampling.H, W = (int32_t)upsampling.W;
    const int32_t bottom = std::min(top + (int32_t)kTileRows, H);
    const int32_t right = std::min(left + (int32_t)kTileColumns, W);
    const int32_t first_row = std::max(top - radius, 0), end_row = std::min(bottom + radius, H);
    const int32_t first = std::max(left - radius, 0), end = std::min(right + radius, W);
    float pixels[kHeight * kWidth], highest[kTileColumns];
    if (end_row - first_row != bottom - top + 2 * radius ||
        end - first != right - left + 2 * radius)
        std::fill(pixels, pixels + kHeight * kWidth, lowest_float());
    float* inside = pixels + (first_row - top + radius) * kWidth + (first - left + radius);
    enlarge(inside, map, upsampling, first_row, first, end_row - first_row, end - first, kWidth);
    const int64_t down = radius > 0 ? kWidth : 0, beside = radius > 0 ? 1 : 0;
    for (int32_t y = top; y < bottom; ++y) {
        const float* windows = pixels + (y - top) * kWidth;
        const float* row = windows + radius * kWidth + radius;
        const float least = least_value(list);
        if (!has_summit(row, right - left, least, down, beside)) continue;
        if (!window_maxima(highest, windows, right - left, 2 * radius + 1, least)) continue;
        for (int32_t x = 0; x < right - left; ++x)
            if (is_peak_of(row[x], highest[x], least)) insert(list, {row[x], y * W + left + x});
    }
}

void raise(float* __restrict out, const float* __restrict row, int64_t w) {
    for (int64_t x = 0; x < w; ++x) out[x] = higher(row[x], out[x]);
}

/* Writes all tiles whose bound is above 0 and returns how many; `band` is a buffer for one row of
 * cells.
 */
int64_t bounded_tiles(Tile* tiles, float* band, const float* map, const Upsampling& upsampling) {
    const int64_t w = upsampling.columns.cells, H = upsampling.H, W = upsampling.W;
    const int64_t across = (W + kTileColumns - 1) / kTileColumns;
    int64_t count = 0;
    for (int64_t y = 0; y < H; y += kTileRows) {
        const int32_t last_row = (int32_t)(std::min(y + kTileRows, H) - 1);
        const bool same = upsampling.rule == kSameSize;
        const int64_t low = same ? y : place_on(upsampling.rows, (int32_t)y, upsampling.rule).low;
        const int64_t high =
            same ? last_row : place_on(upsampling.rows, last_row, upsampling.rule).high;
        std::fill(band, band + w, 0.0f);
        for (int64_t v = low; v <= high; ++v) raise(band, map + v * w, w);
        for (int64_t x = 0; x < W; x += kTileColumns) {
            const int32_t last = (int32_t)(std::min(x + kTileColumns, W) - 1);
            const int64_t left =
                same ? x : place_on(upsampling.columns, (int32_t)x, upsampling.rule).low;
            const int64_t right =
                same ? last : place_on(upsampling.columns, last, upsampling.rule).high;
            const float bound = highest_between(*std::max_element(band + left, band + right + 1));
            const int64_t index = y / kTileRows * across + x / kTileColumns;
            if (bound > 0.0f) tiles[count++] = {bound, (int32_t)index};
        }
    }
    return count;
}

void search_map(
    List& list, Tile* tiles, float* band, const float* map, const Upsampling& upsampling,
    int32_t radius) {
    const int64_t across = (upsampling.W + kTileColumns - 1) / kTileColumns;
    Tile* end = tiles + bounded_tiles(tiles, band, map, upsampling);
    std::make_heap(tiles, end, is_less_promising);
    while (tiles != end && tiles->bound >= least_value(list)) {
        const int32_t top = (int32_t)(tiles->index / across * kTileRows);
        const int32_t left = (int32_t)(tiles->index % across * kTileColumns);
        search_tile(list, map, upsampling, top, left, radius);
        std::pop_heap(tiles, end--, is_less_promising);
    }
    const int32_t pixels = (int32_t)(upsampling.H * upsampling.W);
    for (int32_t cell = 0; cell < pixels; ++cell) {
        if (list.found == list.N && list.values[list.N - 1] >= 0.0f) break;
        const float value = suppressed_value(map, upsampling, cell, radius);
        if (!(value > 0.0f)) insert(list, {value, cell});
    }
    std::fill(list.cells + list.found, list.cells + list.N, -1);
    std::fill(list.values + list.found, list.values + list.N, 0.0f);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_upsampled_peaks_scratch_bytes_cpu(
    pt_dtype maps_dtype, int64_t B, int64_t C, int64_t N, int64_t h, int64_t w, int64_t H,
    int64_t W) {
    if (check_upsampled_peaks_sizes(B, C, N, h, w, H, W)) return -1;
    return scratch_bytes<TilesOnCpu>(maps_dtype, h, w, H, W);
}

pt_status pt_upsampled_peaks_cpu(
    int32_t* cells, float* values, int32_t* count, void* scratch, int64_t scratch_bytes,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t C,
    int64_t N, int64_t h, int64_t w, int64_t H, int64_t W, int64_t window, int64_t rule,
    float min_value, int64_t at_least) {
    const int64_t needed = pt_upsampled_peaks_scratch_bytes_cpu(maps_dtype, B, C, N, h, w, H, W);
    if (auto status = check_upsampled_peaks(
            cells, values, count, scratch, scratch_bytes, needed, maps, maps_dtype,
            maps_batch_stride, B, C, N, h, w, H, W, window, rule, min_value, at_least))
        return status;
    if (H == 0 || W == 0 || N == 0) {
        std::fill(cells, cells + B * C * N, -1);
        std::fill(values, values + B * C * N, 0.0f);
        std::fill(count, count + B * C, 0);
        return PT_OK;
    }
    const auto working = lay_out<TilesOnCpu>(scratch, maps_dtype, h, w, H, W);
    const Upsampling upsampling = upsampling_of(h, w, H, W, upsampling_rule(rule));
    const int32_t radius = window_radius(window, h, w);
    for (int64_t i = 0; i < B * C; ++i) {
        const int64_t first = i / C * maps_batch_stride + i % C * h * w;
        const float* map = floats_of(maps, maps_dtype, first, h * w, working.widened);
        List list = {cells + i * N, values + i * N, N, 0};
        search_map(list, working.tiles, working.band, map, upsampling, radius);
        count[i] = (int32_t)leading_values(list.values, list.found, min_value, at_least);
    }
    return PT_OK;
}
