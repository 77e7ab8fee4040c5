/* Only those tiles of the convolution are computed that can hold one of its two highest cells. No
 * cell of a tile exceeds the kernel's mass times the highest cell of the heatmap within the
 * kernel's reach times the highest weight there. Most of the window is never computed. A tile whose
 * turn comes gets a closer bound first, from the kernel's rows one by one: a third fewer tiles are
 * computed, for 7 to 10 % less time in all.
 *
 * Tried: only those columns of the window's rows that a tile needs. Its tiles lie around one place
 * and need most of them, and pieces of rows cost more than they save: 3 to 5 % slower. A person's
 * keypoints in turn or a heatmap's people in turn: alike; prefetching the next keypoint's heatmap:
 * a tenth faster where heatmaps lie outside the L2 cache.
 */
#include "../shared/global_adaptation.h"

#include <algorithm>
#include <cstring>

#include "convolve_tile.h"
#include "widen.h"
#include "window_rows.h"

namespace posetrack {
namespace {

constexpr int64_t kTiles = 8; /* whose bounds are computed at once */

int64_t rounded_up(int64_t size, int64_t unit) { return (size + unit - 1) / unit * unit; }

/* Sizes of all buffers, for windows of g and kernels of s. */
struct Sizes {
    int64_t g, s, tile_rows, tile_columns, tile_stride, stride, rows, patch;

    Sizes(int64_t window, int64_t kernel)
        : g(window),
          s(kernel),
          tile_rows(rounded_up(window, kRows) / kRows),
          tile_columns(rounded_up(window, kLanes) / kLanes),
          tile_stride(rounded_up(tile_columns, kTiles)),
          stride(rounded_up(window, kLanes) + rounded_up(kernel, kLanes)),
          rows(rounded_up(window, kRows) + kernel - 1),
          patch(window + 2) {}
};

Line take_line(Scratch& scratch, int64_t count) {
    auto* low = scratch.take<int32_t>({count});
    auto* high = scratch.take<int32_t>({count});
    auto* low_weight = scratch.take<float>({count});
    return {low, high, low_weight, scratch.take<float>({count})};
}

Enlarged take_enlarged(Scratch& scratch, int64_t count) {
    auto* low = scratch.take<int32_t>({count});
    auto* high = scratch.take<int32_t>({count});
    return {low, high, scratch.take<float>({count})};
}

/* The parts of the scratch. */
struct Buffers {
    Line columns, rows;  /* (g) where the window lies on the enlarged map */
    Enlarged widened;    /* (patch) where columns of the enlarged map lie on the heatmap */
    Enlarged heightened; /* (patch) where its rows lie on the heatmap */
    float* cells;        /* (stride + 2 * kLanes) a row of the heatmap, or its maxima */
    float* wide;         /* (patch + 1, stride) rows of the heatmap, enlarged along x */
    float* enlarged;     /* (patch, stride) the part of the enlarged map that the window needs */
    float* window;       /* (rows, stride) with a border of s / 2 zeros */
    float* highest;      /* (tile_rows, tile_stride) highest weight in reach of a tile */
    float* bounds;       /* (tile_rows, tile_stride) 0 where there is no tile */
    uint8_t* closer;     /* (tile_rows, tile_stride) whether that is the closer bound */
    float* maxima;       /* (patch + 1, tile_stride) highest of each row of the heatmap in reach */
    float* masses;       /* (s) of the kernel's rows */
    float* kernel;       /* (s, s) */
    uint8_t* made; /* (patch + 1 + patch + g) whether a row of wide, enlarged, window is computed */
    float* heat;   /* (K, h, w) float16 heatmaps of an image as floats */
    float* given;  /* (s, s) a float16 kernel as floats */

    Buffers(
        Scratch& scratch, pt_dtype heatmap, pt_dtype kernels, int64_t K, int64_t h, int64_t w,
        const Sizes& z)
        : columns(take_line(scratch, z.g)),
          rows(take_line(scratch, z.g)),
          widened(take_enlarged(scratch, z.patch + kLanes)),
          heightened(take_enlarged(scratch, z.patch)),
          cells(scratch.take<float>({z.stride + 2 * kLanes})),
          wide(scratch.take<float>({z.patch + 1, z.stride})),
          enlarged(scratch.take<float>({z.patch, z.stride})),
          window(scratch.take<float>({z.rows, z.stride})),
          highest(scratch.take<float>({z.tile_rows, z.tile_stride})),
          bounds(scratch.take<float>({z.tile_rows, z.tile_stride})),
          closer(scratch.take<uint8_t>({z.tile_rows, z.tile_stride})),
          maxima(scratch.take<float>({z.patch + 1, z.tile_stride})),
          masses(scratch.take<float>({z.s})),
          kernel(scratch.take<float>({z.s, z.s})),
          made(scratch.take<uint8_t>({2 * z.patch + 1 + z.g})),
          heat(scratch.take<float>({if_half(heatmap, K), h, w})),
          given(scratch.take<float>({if_half(kernels, z.s), z.s})) {}
};

/* One keypoint's heatmap, (h, w), and the size it is enlarged to. */
struct Map {
    const float* heat;
    Upsampling to;

    int64_t w() const { return to.columns.cells; }
};

/* The highest of the values, kTiles times so many, and of 0. */
float highest_of(const float* values, int64_t size) {
    float best[kTiles] = {};
    for (int64_t i = 0; i < size; i += kTiles)
        for (int64_t j = 0; j < kTiles; ++j) best[j] = higher(values[i + j], best[j]);
    for (int64_t j = 1; j < kTiles; ++j) best[0] = higher(best[j], best[0]);
    return best[0];
}

/* Where the first of the values is that is `wanted`; there must be one. */
int64_t first_equal(const float* values, float wanted) {
    int64_t first = 0;
    for (int32_t found = 0; !found; first += kTiles)
        for (int64_t i = 0; i < kTiles; ++i) found |= values[first + i] == wanted ? 1 : 0;
    first -= kTiles;
    while (values[first] != wanted) ++first;
    return first;
}

constexpr int64_t kSpan = 4; /* of cells whose maximum is taken at once */

/* out[x] = the highest of kSpan cells from x on, or of their magnitudes, and at least 0. Up to
 * 2 * kLanes floats behind `size` are written too.
 */
void highest_of_spans(
    float* __restrict out, const float* __restrict cells, int64_t size, bool magnitudes) {
    if (magnitudes)
        for (int64_t x = 0; x < size; ++x) out[x] = higher(magnitude(cells[x]), 0.0f);
    else
        for (int64_t x = 0; x < size; ++x) out[x] = higher(cells[x], 0.0f);
    const int64_t padded = rounded_up(size, kLanes);
    for (int64_t x = size; x < padded + kLanes; ++x) out[x] = 0.0f;
    for (int64_t x = 0; x < padded; ++x) {
        const float left = higher(out[x], out[x + 1]), right = higher(out[x + 2], out[x + 3]);
        out[x] = higher(left, right);
    }
}

/* The bounds of a row of tiles from `count` rows of maxima, and the highest weights. */
void bound_row(
    float* __restrict bounds, const float* __restrict maxima, int64_t count,
    const float* __restrict highest, float mass, int64_t columns, int64_t stride) {
    for (int64_t first = 0; first < stride; first += kTiles) {
        float best[kTiles] = {};
        for (int64_t y = 0; y < count; ++y)
            for (int64_t x = 0; x < kTiles; ++x)
                best[x] = higher(maxima[y * stride + first + x], best[x]);
        for (int64_t x = 0; x < kTiles; ++x) {
            const float bound = tile_bound(mass, best[x], highest[first + x]);
            bounds[first + x] = first + x < columns ? bound : 0.0f;
        }
    }
}

/* A keypoint's window, whose rows are computed when they are needed. */
class Window {
  public:
    Window(
        const Buffers& scratch, const Sizes& sizes, const Map& heatmap, const float* keypoint,
        const float* cell_weights)
        : to(scratch), z(sizes), map(heatmap), weights(cell_weights) {
        place_window(to.columns, keypoint[0], z.g, map.to.W);
        place_window(to.rows, keypoint[1], z.g, map.to.H);
        neighbours = in_line(to.columns, z.g);
        const int64_t left = to.columns.low[0];
        top = to.rows.low[0];
        columns = std::min(z.patch, map.to.W - left);
        /* beyond the map, its last column repeats */
        const int64_t padded = rounded_up(columns, kLanes);
        place_enlarged(to.widened, left, padded, map.to.columns);
        place_enlarged(to.heightened, top, std::min(z.patch, map.to.H - top), map.to.rows);
        first_column = to.widened.low[0];
        cells = to.widened.high[padded - 1] - first_column + 1;
        for (int64_t x = 0; x < padded; ++x) {
            to.widened.low[x] -= (int32_t)first_column;
            to.widened.high[x] -= (int32_t)first_column;
        }
        std::memset(to.made, 0, (size_t)(2 * z.patch + 1 + z.g));
    }

    /* Computes the rows that the convolution's tiles from row y on need. */
    void make_rows_for_tile(int64_t y) const {
        const int64_t end = reach_end(y + kRows - 1);
        for (int64_t row = reach_start(y); row <= end; ++row) make_row(row);
    }

    /* Writes a bound for the cells of each tile of the convolution: the kernel's mass times the
     * highest cell of the heatmap in reach, or its magnitude.
     */
    void bound_tiles(float mass, bool magnitudes) const {
        find_maxima(magnitudes);
        for (int64_t y = 0; y < z.tile_rows; ++y) {
            const Reach rows = reach_on_heatmap(y * kRows - z.s / 2, y * kRows + kRows + z.s / 2);
            bound_row(
                to.bounds + y * z.tile_stride, to.maxima + rows.first * z.tile_stride, rows.count,
                to.highest + y * z.tile_stride, mass, z.tile_columns, z.tile_stride);
        }
        std::memset(to.closer, 0, (size_t)(z.tile_rows * z.tile_stride));
    }

    /* A closer bound, for one tile: no row of the kernel reaches as far as all of them. */
    float closer_bound(int64_t tile) const {
        const int64_t y = tile / z.tile_stride * kRows, x = tile % z.tile_stride;
        float sum = 0.0f;
        for (int64_t row = 0; row < z.s; ++row) {
            const int64_t start = y + z.s / 2 - row;
            const Reach rows = reach_on_heatmap(start, start + kRows);
            float highest = 0.0f;
            for (int64_t i = rows.first; i < rows.first + rows.count; ++i)
                highest = higher(to.maxima[i * z.tile_stride + x], highest);
            sum += to.masses[row] * highest;
        }
        const float bound = convolution_bound(1.0f, weighed_cell(sum, to.highest[tile]));
        return is_nan(sum) || is_nan(bound) ? positive_infinity() : bound;
    }

  private:
    int64_t reach_start(int64_t cell) const { return std::max<int64_t>(0, cell - z.s / 2); }
    int64_t reach_end(int64_t cell) const { return std::min(z.g - 1, cell + z.s / 2); }

    /* Rows of the heatmap, counted from the first that the window reads. */
    struct Reach {
        int64_t first, count;
    };

    /* What the window's rows from `start` to before `end` read, as far as they exist. */
    Reach reach_on_heatmap(int64_t start, int64_t end) const {
        const int64_t first = std::max<int64_t>(0, start), last = std::min(z.g, end) - 1;
        if (first > last) return {0, 0};
        const int32_t low = to.heightened.low[to.rows.low[first] - top];
        const int32_t high = to.heightened.high[to.rows.high[last] - top];
        return {low - to.heightened.low[0], high - low + 1};
    }

    /* Writes the highest cell of each row of the heatmap that each column of tiles can reach. */
    void find_maxima(bool magnitudes) const {
        const Reach rows = reach_on_heatmap(0, z.g);
        const float* row = map.heat + to.heightened.low[0] * map.w() + first_column;
        float* maxima = to.maxima;
        for (int64_t y = 0; y < rows.count; ++y, row += map.w(), maxima += z.tile_stride) {
            highest_of_spans(to.cells, row, cells, magnitudes);
            for (int64_t x = 0; x < z.tile_columns; ++x) {
                const int64_t low = to.columns.low[reach_start(x * kLanes)] - to.columns.low[0];
                const int64_t high =
                    to.columns.high[reach_end(x * kLanes + kLanes - 1)] - to.columns.low[0];
                const int64_t first = to.widened.low[low];
                const int64_t last = std::max(first, to.widened.high[high] + 1 - kSpan);
                maxima[x] = to.cells[last];
                for (int64_t i = first; i < last; i += kSpan)
                    maxima[x] = higher(to.cells[i], maxima[x]);
            }
        }
    }

    bool is_made(uint8_t* flag) const {
        const bool before = *flag != 0;
        *flag = 1;
        return before;
    }

    const float* wide_row(int64_t row) const {
        const int64_t i = row - to.heightened.low[0];
        float* wide = to.wide + i * z.stride;
        if (is_made(to.made + i)) return wide;
        const float* from = map.heat + row * map.w() + first_column;
        const bool same = map.to.rule == kSameSize;
        std::memcpy(same ? wide : to.cells, from, sizeof(float) * (size_t)cells);
        if (!same) widen_row(wide, to.cells, to.widened, columns);
        return wide;
    }

    const float* enlarged_row(int64_t row) const {
        if (map.to.rule == kSameSize) return wide_row(row);
        const int64_t i = row - top;
        float* out = to.enlarged + i * z.stride;
        if (is_made(to.made + z.patch + 1 + i)) return out;
        const Enlarged& at = to.heightened;
        blend_rows(out, wide_row(at.low[i]), wide_row(at.high[i]), at.weight[i], columns);
        return out;
    }

    void make_row(int64_t y) const {
        if (is_made(to.made + 2 * z.patch + 1 + y)) return;
        const SampledRow row{
            to.window + (y + z.s / 2) * z.stride + z.s / 2,
            enlarged_row(to.rows.low[y]),
            enlarged_row(to.rows.high[y]),
            weights + y * z.g,
            to.rows.low_weight[y],
            to.rows.high_weight[y]};
        neighbours ? sample_row(row, to.columns, z.g) : sample_row_at(row, to.columns, z.g);
    }

    const Buffers& to;
    const Sizes& z;
    const Map& map;
    const float* weights;
    bool neighbours;             /* whether all columns are, on the enlarged map */
    int64_t top, columns;        /* of the part of the enlarged map that is needed */
    int64_t first_column, cells; /* of the part of the heatmap that is needed */
};

/* Writes the highest magnitude of the weights within the kernel's reach of each tile. Returns
 * whether a weight is negative.
 */
bool weigh_tiles(const Buffers& to, const Sizes& z, const float* weights) {
    int32_t negative = 0;
    for (int64_t i = 0; i < z.g * z.g; ++i) negative |= weights[i] < 0.0f ? 1 : 0;
    float* __restrict column = to.window; /* (g) the highest of a tile's rows; not yet in use */
    for (int64_t y = 0; y < z.tile_rows; ++y) {
        const int64_t top = std::max<int64_t>(0, y * kRows - z.s / 2);
        const int64_t bottom = std::min(z.g, y * kRows + kRows + z.s / 2);
        for (int64_t u = 0; u < z.g; ++u) column[u] = 0.0f;
        for (int64_t v = top; v < bottom; ++v)
            for (int64_t u = 0; u < z.g; ++u)
                column[u] = higher(magnitude(weights[v * z.g + u]), column[u]);
        for (int64_t x = 0; x < z.tile_columns; ++x) {
            const int64_t end = std::min(z.g, x * kLanes + kLanes + z.s / 2);
            float highest = 0.0f;
            for (int64_t u = std::max<int64_t>(0, x * kLanes - z.s / 2); u < end; ++u)
                highest = higher(column[u], highest);
            to.highest[y * z.tile_stride + x] = highest;
        }
    }
    return negative != 0;
}

void search_tile(
    TopTwo& top, const Window& window, const Buffers& of, const Sizes& z, int64_t tile) {
    float cells[kRows * kLanes];
    const int64_t y = tile / z.tile_stride * kRows, x = tile % z.tile_stride * kLanes;
    window.make_rows_for_tile(y);
    convolve_tile(cells, of.window + y * z.stride + x, of.kernel, z.s, z.stride);
    if (top.second.cell >= 0 && highest_of(cells, kRows * kLanes) < top.second.value) return;
    for (int64_t i = 0; i < std::min(kRows, z.g - y); ++i) {
        if (top.second.cell >= 0 && highest_of(cells + i * kLanes, kLanes) < top.second.value)
            continue;
        for (int64_t j = 0; j < std::min(kLanes, z.g - x); ++j)
            if (top.second.cell < 0 || cells[i * kLanes + j] >= top.second.value)
                insert(top, {cells[i * kLanes + j], (int32_t)((y + i) * z.g + x + j)});
    }
}

/* Searches the tiles, highest bound first, until no bound reaches the two highest cells found. */
TopTwo search(const Window& window, const Buffers& of, const Sizes& z) {
    TopTwo top = no_peaks();
    const int64_t tiles = z.tile_rows * z.tile_stride;
    for (int64_t left = z.tile_rows * z.tile_columns; left > 0;) {
        const float bound = highest_of(of.bounds, tiles);
        if (top.second.cell >= 0 && bound < top.second.value) break;
        const int64_t tile = first_equal(of.bounds, bound);
        if (!of.closer[tile]) {
            of.closer[tile] = 1;
            of.bounds[tile] = std::min(bound, window.closer_bound(tile));
            continue;
        }
        search_tile(top, window, of, z, tile);
        of.bounds[tile] = 0.0f; /* never the highest again */
        --left;
    }
    return top;
}

/* Prefetches what a window reads of its heatmap. */
void prefetch_window(const Map& map, const float* keypoint, int64_t g) {
    constexpr int64_t kLine = 16; /* floats of a cache line */
    if (!is_finite(keypoint[0]) || !is_finite(keypoint[1])) return;
    int64_t low[2], high[2];
    for (int64_t axis = 0; axis < 2; ++axis) {
        const Axis cells = axis == 0 ? map.to.columns : map.to.rows;
        const int64_t pixels = axis == 0 ? map.to.W : map.to.H;
        const float first = window_position(keypoint[axis], 0, g);
        const float last = window_position(keypoint[axis], g - 1, g);
        low[axis] = place_by_half_pixels(cells, sampled_neighbours(first, pixels).low).low;
        high[axis] = place_by_half_pixels(cells, sampled_neighbours(last, pixels).high).high;
    }
    for (int64_t y = low[1]; y <= high[1]; ++y) {
        const float* row = map.heat + y * map.w();
        for (int64_t x = low[0]; x < high[0]; x += kLine) __builtin_prefetch(row + x);
        __builtin_prefetch(row + high[0]);
    }
}

/* Takes a kernel, and its rows' sums of magnitudes. Returns whether an entry is negative: then the
 * magnitudes of the window's values bound the convolution, not the values.
 */
bool take_kernel(const Buffers& to, const float* kernel, const Sizes& z, bool clamp) {
    for (int64_t i = 0; i < z.s * z.s; ++i) to.kernel[i] = kernel_entry(kernel[i], z.s, clamp);
    int32_t negative = 0;
    for (int64_t row = 0; row < z.s; ++row)
        negative |= row_mass(to.kernel + row * z.s, z.s, to.masses[row]) ? 1 : 0;
    return negative != 0;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_global_adaptation_scratch_bytes_cpu(
    pt_dtype heatmap_dtype, pt_dtype kernels_dtype, int64_t K, int64_t h, int64_t w, int64_t g,
    int64_t s) {
    if (check_global_adaptation_sizes(heatmap_dtype, kernels_dtype, K, h, w, g, s)) return -1;
    return scratch_bytes<Buffers>(heatmap_dtype, kernels_dtype, K, h, w, Sizes(g, s));
}

pt_status pt_global_adaptation_cpu(
    float* adapted_keypoints, float* values, void* scratch, int64_t scratch_bytes,
    const float* keypoints, const void* heatmap, const void* kernels, const float* weights,
    const int32_t* counts, pt_dtype heatmap_dtype, pt_dtype kernels_dtype,
    int64_t heatmap_batch_stride, int64_t kernels_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t g, int64_t s, float first_weight,
    int64_t clamp) {
    const int64_t needed =
        pt_global_adaptation_scratch_bytes_cpu(heatmap_dtype, kernels_dtype, K, h, w, g, s);
    if (auto status = check_global_adaptation(
            adapted_keypoints, values, scratch, scratch_bytes, needed, keypoints, heatmap, kernels,
            weights, counts, heatmap_dtype, kernels_dtype, heatmap_batch_stride,
            kernels_batch_stride, B, N, K, h, w, H, W, g, s))
        return status;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    const Sizes z(g, s);
    const auto buffers = lay_out<Buffers>(scratch, heatmap_dtype, kernels_dtype, K, h, w, z);
    const bool negative_weights = weigh_tiles(buffers, z, weights);
    std::memset(buffers.window, 0, sizeof(float) * (size_t)(z.rows * z.stride));
    const float one = 1.0f; /* in place of a kernel */
    const Upsampling upsampling = upsampling_of(h, w, H, W, kHalfPixelRule);
    const float* heats = nullptr; /* of the image at work */
    for (int64_t i = 0; i < B * N * K; ++i) {
        const int64_t b = i / (N * K), in_image = i % (N * K), k = i % K;
        const float* keypoint = keypoints + 2 * i;
        if (in_image == 0)
            heats = floats_of(
                heatmap, heatmap_dtype, b * heatmap_batch_stride, K * h * w, buffers.heat);
        if (in_image / K >= valid_rows(counts, b, N)) {
            adapted_keypoints[2 * i] = adapted_keypoints[2 * i + 1] = values[i] = 0.0f;
            continue;
        }
        TopTwo top = no_peaks();
        if (is_finite(keypoint[0]) && is_finite(keypoint[1])) {
            const float* heat = heats + k * h * w;
            const int64_t at = b * kernels_batch_stride + in_image * s * s;
            const float* kernel =
                kernels ? floats_of(kernels, kernels_dtype, at, s * s, buffers.given) : &one;
            const bool negative = take_kernel(buffers, kernel, z, kernels && clamp != 0);
            const Map map{heat, upsampling};
            if (k + 1 < K) prefetch_window({heat + h * w, upsampling}, keypoint + 2, g);
            const Window window(buffers, z, map, keypoint, weights);
            const float mass = total_mass(buffers.masses, z.s);
            window.bound_tiles(mass, negative || negative_weights);
            top = search(window, buffers, z);
        }
        adapted_keypoints[2 * i] = adapted(keypoint[0], top, g, first_weight, false);
        adapted_keypoints[2 * i + 1] = adapted(keypoint[1], top, g, first_weight, true);
        values[i] = adapted_value(top, first_weight);
    }
    return PT_OK;
}
