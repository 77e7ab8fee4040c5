/* Rows are searched in chunks. A vectorised loop without branches tells whether a chunk holds a
 * peak worth keeping; once N peaks are known, only higher ones are. Tried and slower: testing every
 * cell by itself; keeping the N peaks in order instead of as a heap.
 */
#include "../shared/center_nms_topk.h"

#include <algorithm>

#include "widen.h"

namespace posetrack {
namespace {

constexpr int64_t kChunk = 64;

/* out[x] = max(out[x], in[x]) */
void raise(float* __restrict out, const float* __restrict in, int64_t size) {
    for (int64_t x = 0; x < size; ++x) out[x] = larger(out[x], in[x]);
}

int32_t holds_peak(
    const float* __restrict values, const float* __restrict around, int64_t size, float tolerance,
    float threshold) {
    int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (int64_t x = 0; x < size; ++x) any |= is_peak(values[x], around[x], tolerance, threshold);
    return any;
}

/* The best N peaks so far as a heap, with the one to drop next on top. */
struct Best {
    Peak* peaks; /* (N) */
    int64_t N, count;

    /* Peaks come in the order of their cells, so one that equals the worst kept is not kept. */
    float threshold(float least) const {
        return count == N && peaks[0].score > least ? peaks[0].score : least;
    }

    void add(Peak peak) {
        if (count == N) std::pop_heap(peaks, peaks + count--, comes_before);
        peaks[count++] = peak;
        std::push_heap(peaks, peaks + count, comes_before);
    }
};

struct Map {
    const float* values; /* (h, w) */
    int64_t h, w, radius;
    float tolerance, threshold;
};

/* Writes the largest value of the square around each cell of row y to `around`; `column` is a
 * buffer for the largest values of columns.
 */
void square_maxima(float* around, float* column, const Map& map, int64_t y) {
    std::copy_n(map.values + y * map.w, map.w, column);
    const int64_t bottom = std::min(map.h - 1, y + map.radius);
    for (int64_t v = std::max<int64_t>(0, y - map.radius); v <= bottom; ++v)
        if (v != y) raise(column, map.values + v * map.w, map.w);
    std::copy_n(column, map.w, around);
    for (int64_t d = 1; d <= std::min(map.radius, map.w - 1); ++d) {
        raise(around + d, column, map.w - d);
        raise(around, column + d, map.w - d);
    }
}

void find_peaks(Best& best, float* rows, const Map& map) {
    float *around = rows, *column = rows + map.w;
    for (int64_t y = 0; y < map.h; ++y) {
        square_maxima(around, column, map, y);
        const float* row = map.values + y * map.w;
        for (int64_t first = 0; first < map.w; first += kChunk) {
            const int64_t end = std::min(first + kChunk, map.w);
            float threshold = best.threshold(map.threshold);
            if (!holds_peak(row + first, around + first, end - first, map.tolerance, threshold))
                continue;
            for (int64_t x = first; x < end; ++x) {
                if (!is_peak(row[x], around[x], map.tolerance, threshold)) continue;
                best.add({row[x], (int32_t)(y * map.w + x)});
                threshold = best.threshold(map.threshold);
            }
        }
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_center_nms_topk_scratch_bytes_cpu(
    pt_dtype maps_dtype, int64_t B, int64_t N, int64_t h, int64_t w) {
    if (check_center_nms_topk_sizes(B, N, h, w)) return -1;
    return scratch_bytes<PeaksOnCpu>(maps_dtype, N, h, w);
}

pt_status pt_center_nms_topk_cpu(
    int32_t* cells, float* scores, int32_t* count, void* scratch, int64_t scratch_bytes,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t N,
    int64_t h, int64_t w, int64_t radius, float tolerance, float threshold) {
    const int64_t needed = pt_center_nms_topk_scratch_bytes_cpu(maps_dtype, B, N, h, w);
    if (auto status = check_center_nms_topk(
            cells, scores, count, scratch, scratch_bytes, needed, maps, maps_dtype,
            maps_batch_stride, B, N, h, w, radius, tolerance))
        return status;
    const auto working = lay_out<PeaksOnCpu>(scratch, maps_dtype, N, h, w);
    radius = std::min(radius, std::max(h, w));
    for (int64_t b = 0; b < B; ++b) {
        Best best{working.heap, N, 0};
        if (N > 0 && h > 0 && w > 0) {
            const float* values =
                floats_of(maps, maps_dtype, b * maps_batch_stride, h * w, working.widened);
            find_peaks(best, working.rows, {values, h, w, radius, tolerance, threshold});
            std::sort_heap(best.peaks, best.peaks + best.count, comes_before);
        }
        for (int64_t i = 0; i < N; ++i) {
            cells[b * N + i] = i < best.count ? best.peaks[i].cell : -1;
            scores[b * N + i] = i < best.count ? best.peaks[i].score : 0.0f;
        }
        count[b] = (int32_t)best.count;
    }
    return PT_OK;
}
