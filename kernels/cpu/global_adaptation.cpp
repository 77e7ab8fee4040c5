/* Only those tiles of the convolution are computed that can hold one of its two highest cells. No
 * cell of a tile exceeds the kernel's mass times the highest cell of the heatmap within the
 * kernel's reach times the highest weight there. Most of the window is never computed.
 */
#include "../shared/global_adaptation.h"

#include <algorithm>
#include <cstring>

#include "../include/posetrack_kernels.h"
#include "dispatch.h"

namespace posetrack {
namespace {

constexpr int64_t kRows = 6, kLanes = 16;        /* of a tile */
constexpr int64_t kMaxPixels = (int64_t)1 << 22; /* of an axis: floats can hold quarters */

/* 16 floats at any address; the compiler splits them where registers are shorter. */
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t LaneIndices __attribute__((vector_size(64), aligned(4), may_alias));

int64_t rounded_up(int64_t size, int64_t unit) { return (size + unit - 1) / unit * unit; }

/* Sizes of all buffers, for windows of g and kernels of s. */
struct Sizes {
    int64_t g, s, tile_rows, tile_columns, stride, rows, patch;

    Sizes(int64_t window, int64_t kernel)
        : g(window),
          s(kernel),
          tile_rows(rounded_up(window, kRows) / kRows),
          tile_columns(rounded_up(window, kLanes) / kLanes),
          stride(rounded_up(window, kLanes) + rounded_up(kernel, kLanes)),
          rows(rounded_up(window, kRows) + kernel - 1),
          patch(window + 2) {}
};

template <typename T>
T* take(uintptr_t& next, int64_t count) {
    T* taken = reinterpret_cast<T*>(next);
    next += (uintptr_t)rounded_up((int64_t)sizeof(T) * count, 64);
    return taken;
}

/* The neighbours of many positions on one axis. */
struct Line {
    int32_t *low, *high;
    float *low_weight, *high_weight;

    void set(int64_t i, const Neighbours& at) const {
        low[i] = at.low;
        high[i] = at.high;
        low_weight[i] = at.low_weight;
        high_weight[i] = at.high_weight;
    }
};

Line take_line(uintptr_t& next, int64_t count) {
    auto* low = take<int32_t>(next, count);
    auto* high = take<int32_t>(next, count);
    auto* low_weight = take<float>(next, count);
    return {low, high, low_weight, take<float>(next, count)};
}

/* The places of many pixels of the enlarged map on one axis. */
struct Enlarged {
    int32_t *low, *high;
    float* weight;

    void set(int64_t i, const Place& at) const {
        low[i] = at.low;
        high[i] = at.high;
        weight[i] = at.weight;
    }
};

Enlarged take_enlarged(uintptr_t& next, int64_t count) {
    auto* low = take<int32_t>(next, count);
    auto* high = take<int32_t>(next, count);
    return {low, high, take<float>(next, count)};
}

/* The parts of the scratch. */
struct Buffers {
    Line columns, rows;  /* (g) where the window lies on the enlarged map */
    Enlarged widened;    /* (patch) where columns of the enlarged map lie on the heatmap */
    Enlarged heightened; /* (patch) where its rows lie on the heatmap */
    float* cells;        /* (stride + kLanes) a row of the heatmap, or the maxima of several */
    float* wide;         /* (patch + 1, stride) rows of the heatmap, enlarged along x */
    float* enlarged;     /* (patch, stride) the part of the enlarged map that the window needs */
    float* window;       /* (rows, stride) with a border of s / 2 zeros */
    float* highest;      /* (tile_rows * tile_columns) highest weight in reach of a tile */
    float* bounds;       /* (tile_rows * tile_columns) */
    float* kernel;       /* (s, s) */
    uint8_t* made; /* (patch + 1 + patch + g) whether a row of wide, enlarged, window is computed */
    int64_t bytes;

    Buffers(void* scratch, const Sizes& z) {
        /* a number instead of a pointer: there is no scratch yet when its size is asked for */
        const auto start = reinterpret_cast<uintptr_t>(scratch);
        uintptr_t next = start;
        columns = take_line(next, z.g);
        rows = take_line(next, z.g);
        widened = take_enlarged(next, z.patch + kLanes);
        heightened = take_enlarged(next, z.patch);
        cells = take<float>(next, z.stride + kLanes);
        wide = take<float>(next, (z.patch + 1) * z.stride);
        enlarged = take<float>(next, z.patch * z.stride);
        window = take<float>(next, z.rows * z.stride);
        highest = take<float>(next, z.tile_rows * z.tile_columns);
        bounds = take<float>(next, z.tile_rows * z.tile_columns);
        kernel = take<float>(next, z.s * z.s);
        made = take<uint8_t>(next, 2 * z.patch + 1 + z.g);
        bytes = (int64_t)(next - start);
    }
};

/* One keypoint's heatmap, (h, w), and the size it is enlarged to. */
struct Map {
    const float* heat;
    Upsampling to;

    int64_t w() const { return to.columns.cells; }
};

PT_CLONES void place_window(Line line, float keypoint, int64_t g, int64_t pixels) {
    for (int64_t i = 0; i < g; ++i)
        line.set(i, sampled_neighbours(window_position(keypoint, i, g), pixels));
}

PT_CLONES void place_enlarged(Enlarged line, int64_t first, int64_t count, Axis axis) {
    for (int64_t i = 0; i < count; ++i)
        line.set(i, place_by_half_pixels(axis, (int32_t)(first + i)));
}

/* Picks the values at `cells`, all of which lie within kLanes of the first. */
PT_HD void pick_lanes(float* __restrict picked, const float* row, const int32_t* cells) {
#if defined(__clang__)
    for (int64_t i = 0; i < kLanes; ++i) picked[i] = row[cells[i]];
#else
    *reinterpret_cast<Lanes*>(picked) = __builtin_shuffle(
        *reinterpret_cast<const Lanes*>(row + cells[0]),
        *reinterpret_cast<const LaneIndices*>(cells) - cells[0]);
#endif
}

/* Enlarges a row of cells along x. The neighbours of 16 pixels are picked from 16 cells at once, so
 * `row` must have kLanes spare cells at its end.
 */
PT_CLONES void widen_row(
    float* __restrict out, const float* __restrict row, Enlarged at, int64_t size) {
    for (int64_t x = 0; x < size; x += kLanes) {
        alignas(64) float low[kLanes], high[kLanes];
        pick_lanes(low, row, at.low + x);
        pick_lanes(high, row, at.high + x);
        for (int64_t i = 0; i < kLanes; ++i)
            out[x + i] = blend_by_half_pixels(low[i], high[i], at.weight[x + i]);
    }
}

PT_CLONES void blend_rows(
    float* __restrict out, const float* __restrict low, const float* __restrict high, float weight,
    int64_t size) {
    for (int64_t x = 0; x < size; ++x) out[x] = blend_by_half_pixels(low[x], high[x], weight);
}

/* Samples one row of a window whose columns are neighbours on the enlarged map. */
PT_CLONES void sample_row(
    float* __restrict out, const float* __restrict upper, const float* __restrict lower,
    const float* __restrict weights, Line columns, float upper_weight, float lower_weight,
    int64_t g) {
    const float* __restrict left = columns.low_weight;
    const float* __restrict right = columns.high_weight;
    for (int64_t x = 0; x < g; ++x) {
        const float value = sampled(
            upper[x], lower[x], upper[x + 1], lower[x + 1], upper_weight, lower_weight, left[x],
            right[x]);
        out[x] = weighed_cell(value, weights[x]);
    }
}

/* Samples one row of a window whose columns the map's border limits. */
void sample_row_at(
    float* out, const float* upper, const float* lower, const float* weights, Line columns,
    float upper_weight, float lower_weight, int64_t g) {
    for (int64_t x = 0; x < g; ++x) {
        const int32_t left = columns.low[x] - columns.low[0];
        const int32_t right = columns.high[x] - columns.low[0];
        const float value = sampled(
            upper[left], lower[left], upper[right], lower[right], upper_weight, lower_weight,
            columns.low_weight[x], columns.high_weight[x]);
        out[x] = weighed_cell(value, weights[x]);
    }
}

bool in_line(const Line& columns, int64_t g) {
    int32_t apart = 0;
    for (int64_t x = 0; x < g; ++x)
        apart |=
            (columns.low[x] - columns.low[0] - (int32_t)x) | (columns.high[x] - columns.low[x] - 1);
    return apart == 0;
}

PT_CLONES float highest_of(const float* values, int64_t size) {
    float best = 0.0f;
#pragma omp simd reduction(max : best)
    for (int64_t i = 0; i < size; ++i) best = values[i] > best ? values[i] : best;
    return best;
}

/* out[x] = the highest of `count` rows, or of their magnitudes; at least 0. */
PT_CLONES void highest_of_rows(
    float* __restrict out, const float* __restrict rows, int64_t count, int64_t stride,
    int64_t size, bool magnitudes) {
    for (int64_t x = 0; x < size; ++x) out[x] = 0.0f;
    for (int64_t y = 0; y < count; ++y) {
        const float* __restrict row = rows + y * stride;
        if (magnitudes)
            for (int64_t x = 0; x < size; ++x) out[x] = higher(magnitude(row[x]), out[x]);
        else
            for (int64_t x = 0; x < size; ++x) out[x] = higher(row[x], out[x]);
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
        sample = in_line(to.columns, z.g) ? sample_row : sample_row_at;
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
        const int64_t end = std::min(z.g, y + kRows + z.s / 2);
        for (int64_t row = std::max<int64_t>(0, y - z.s / 2); row < end; ++row) make_row(row);
    }

    /* Writes a bound for the cells of each tile of the convolution. */
    void bound_tiles(float mass, bool magnitudes) const {
        for (int64_t y = 0; y < z.tile_rows; ++y) {
            const int64_t low = to.rows.low[reach_start(y * kRows)] - top;
            const int64_t high = to.rows.high[reach_end(y * kRows + kRows - 1)] - top;
            const int64_t first = to.heightened.low[low], last = to.heightened.high[high];
            highest_of_rows(
                to.cells, map.heat + first * map.w() + first_column, last - first + 1, map.w(),
                cells, magnitudes);
            for (int64_t x = 0; x < z.tile_columns; ++x) {
                const int64_t tile = y * z.tile_columns + x;
                const float highest = highest_between(
                    to.columns.low[reach_start(x * kLanes)],
                    to.columns.high[reach_end(x * kLanes + kLanes - 1)]);
                const float bound =
                    convolution_bound(mass, weighed_cell(highest, to.highest[tile]));
                to.bounds[tile] = is_nan(bound) ? positive_infinity() : bound;
            }
        }
    }

  private:
    int64_t reach_start(int64_t cell) const { return std::max<int64_t>(0, cell - z.s / 2); }
    int64_t reach_end(int64_t cell) const { return std::min(z.g - 1, cell + z.s / 2); }

    /* The highest of those to.cells that columns `low` to `high` of the enlarged map blend. */
    float highest_between(int64_t low, int64_t high) const {
        const int64_t left = to.columns.low[0];
        const int32_t from = to.widened.low[low - left], end = to.widened.high[high - left];
        float best = to.cells[from];
        for (int32_t x = from + 1; x <= end; ++x) best = higher(to.cells[x], best);
        return best;
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
        sample(
            to.window + (y + z.s / 2) * z.stride + z.s / 2, enlarged_row(to.rows.low[y]),
            enlarged_row(to.rows.high[y]), weights + y * z.g, to.columns, to.rows.low_weight[y],
            to.rows.high_weight[y], z.g);
    }

    const Buffers& to;
    const Sizes& z;
    const Map& map;
    const float* weights;
    decltype(&sample_row) sample;
    int64_t top, columns;        /* of the part of the enlarged map that is needed */
    int64_t first_column, cells; /* of the part of the heatmap that is needed */
};

/* Writes the highest magnitude of the weights within the kernel's reach of each tile. Returns
 * whether a weight is negative.
 */
bool weigh_tiles(const Buffers& to, const Sizes& z, const float* weights) {
    bool negative = false;
    for (int64_t i = 0; i < z.g * z.g; ++i) negative = negative || weights[i] < 0.0f;
    for (int64_t tile = 0; tile < z.tile_rows * z.tile_columns; ++tile) {
        const int64_t y = tile / z.tile_columns * kRows, x = tile % z.tile_columns * kLanes;
        const int64_t left = std::max<int64_t>(0, x - z.s / 2);
        const int64_t right = std::min(z.g, x + kLanes + z.s / 2);
        float highest = 0.0f;
        for (int64_t v = std::max<int64_t>(0, y - z.s / 2); v < std::min(z.g, y + kRows + z.s / 2);
             ++v)
            for (int64_t u = left; u < right; ++u)
                highest = higher(magnitude(weights[v * z.g + u]), highest);
        to.highest[tile] = highest;
    }
    return negative;
}

/* kRows x kLanes cells of the convolution; `window` points to the tile's border, upper left. */
PT_CLONES void convolve_tile(
    float* __restrict out, const float* __restrict window, const float* __restrict kernel,
    int64_t s, int64_t stride) {
    Lanes sums[kRows] = {};
    for (int64_t row = 0; row < s; ++row)
        for (int64_t column = 0; column < s; ++column) {
            const float* at = window + (s - 1 - row) * stride + s - 1 - column;
            const float weight = kernel[row * s + column];
            for (int64_t y = 0; y < kRows; ++y)
                sums[y] = sums[y] + *reinterpret_cast<const Lanes*>(at + y * stride) * weight;
        }
    for (int64_t y = 0; y < kRows; ++y) *reinterpret_cast<Lanes*>(out + y * kLanes) = sums[y];
}

void search_tile(
    TopTwo& top, const Window& window, const Buffers& of, const Sizes& z, int64_t tile) {
    float cells[kRows * kLanes];
    const int64_t y = tile / z.tile_columns * kRows, x = tile % z.tile_columns * kLanes;
    window.make_rows_for_tile(y);
    convolve_tile(cells, of.window + y * z.stride + x, of.kernel, z.s, z.stride);
    if (top.second.cell >= 0 && highest_of(cells, kRows * kLanes) < top.second.value) return;
    for (int64_t i = 0; i < std::min(kRows, z.g - y); ++i)
        for (int64_t j = 0; j < std::min(kLanes, z.g - x); ++j)
            if (top.second.cell < 0 || cells[i * kLanes + j] >= top.second.value)
                insert(top, {cells[i * kLanes + j], (int32_t)((y + i) * z.g + x + j)});
}

/* Searches the tiles, highest bound first, until no bound reaches the two highest cells found. */
TopTwo search(const Window& window, const Buffers& of, const Sizes& z) {
    TopTwo top = no_peaks();
    const int64_t tiles = z.tile_rows * z.tile_columns;
    for (int64_t done = 0; done < tiles; ++done) {
        const float bound = highest_of(of.bounds, tiles);
        if (top.second.cell >= 0 && bound < top.second.value) break;
        int64_t tile = 0;
        while (of.bounds[tile] != bound) ++tile;
        search_tile(top, window, of, z, tile);
        of.bounds[tile] = 0.0f; /* never the highest again */
    }
    return top;
}

void take_kernel(const Buffers& to, const float* kernel, const Sizes& z, bool clamp) {
    for (int64_t i = 0; i < z.s * z.s; ++i) to.kernel[i] = kernel_entry(kernel[i], z.s, clamp);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_global_adaptation_scratch_bytes(int64_t g, int64_t s) {
    return g < 1 || s < 1 || g > 4096 || s > 4096 ? 0 : (size_t)Buffers(nullptr, {g, s}).bytes;
}

pt_status pt_global_adaptation_cpu(
    float* adapted_keypoints, float* values, void* scratch, const float* keypoints,
    const void* heatmap, const void* kernels, const float* weights, pt_dtype heatmap_dtype,
    pt_dtype kernels_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, int64_t H, int64_t W, int64_t g, int64_t s, float first_weight,
    int64_t clamp) {
    if (B < 0 || N < 0 || K < 0 || h < 0 || w < 0 || H < h || W < w) return PT_INVALID_ARGUMENT;
    if (H > kMaxPixels || W > kMaxPixels || g % 2 != 1 || s % 2 != 1) return PT_INVALID_ARGUMENT;
    if (g < 1 || s < 1 || g > 4096 || s > 4096) return PT_INVALID_ARGUMENT;
    if (heatmap_dtype != PT_FLOAT32 || kernels_dtype != PT_FLOAT32) return PT_INVALID_ARGUMENT;
    if (B == 0 || N == 0 || K == 0) return PT_OK;
    if (h == 0 || w == 0) return PT_INVALID_ARGUMENT;
    if (!adapted_keypoints || !values || !scratch || !keypoints || !heatmap || !weights)
        return PT_INVALID_ARGUMENT;
    const Sizes z(g, kernels ? s : 1);
    const Buffers buffers(scratch, z);
    std::memset(buffers.window, 0, sizeof(float) * (size_t)(z.rows * z.stride));
    buffers.kernel[0] = 1.0f;
    const bool negative_weights = weigh_tiles(buffers, z, weights);
    for (int64_t i = 0; i < B * N * K; ++i) {
        const int64_t b = i / (N * K), k = i % K;
        const float* keypoint = keypoints + 2 * i;
        TopTwo top = no_peaks();
        if (is_finite(keypoint[0]) && is_finite(keypoint[1])) {
            const float* heat =
                static_cast<const float*>(heatmap) + b * heatmap_batch_stride + k * h * w;
            if (kernels)
                take_kernel(buffers, static_cast<const float*>(kernels) + i * s * s, z, clamp != 0);
            const Map map{heat, upsampling_of(h, w, H, W, kHalfPixelRule)};
            const Window window(buffers, z, map, keypoint, weights);
            float mass = 0.0f;
            const bool negative = kernel_mass(buffers.kernel, z.s, mass);
            window.bound_tiles(mass, negative || negative_weights);
            top = search(window, buffers, z);
        }
        adapted_keypoints[2 * i] = adapted(keypoint[0], top, g, first_weight, false);
        adapted_keypoints[2 * i + 1] = adapted(keypoint[1], top, g, first_weight, true);
        values[i] = adapted_value(top, first_weight);
    }
    return PT_OK;
}
