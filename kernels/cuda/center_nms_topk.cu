/* Two grids: in the first, every block lists the best peaks of 1024 cells in order; in the second,
 * one block per image merges these lists two by two. No map is sorted. The place of a peak in a
 * list is the number of peaks that come before it, so the order of threads cannot change the
 * result.
 */
#include "../shared/center_nms_topk.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr unsigned kListThreads = 256;
constexpr int64_t kCellsPerThread = kPeakTile / kListThreads;
constexpr unsigned kMergeThreads = 512;

struct Maps {
    int64_t batch_stride, N, h, w, radius;
    float tolerance, threshold;
};

/* The parts of the scratch, as of PeaksOnCuda. */
struct Lists {
    Peak* from;      /* (B, tiles, peaks_of_tile(N)) */
    Peak* to;        /* the same */
    int32_t* counts; /* (B, tiles) */
};

template <typename Head>
__device__ bool is_peak_at(const Head* map, int64_t cell, const Maps& maps) {
    const float value = to_float(map[cell]);
    const int64_t y = cell / maps.w, x = cell % maps.w;
    const int64_t top = y > maps.radius ? y - maps.radius : 0;
    const int64_t left = x > maps.radius ? x - maps.radius : 0;
    const int64_t bottom = maps.h - 1 - y > maps.radius ? y + maps.radius : maps.h - 1;
    const int64_t right = maps.w - 1 - x > maps.radius ? x + maps.radius : maps.w - 1;
    float highest = value;
    for (int64_t v = top; v <= bottom; ++v) {
        /* one row that exceeds the cell is enough: the highest can only rise */
        if (!is_peak(value, highest, maps.tolerance, maps.threshold)) return false;
        for (int64_t u = left; u <= right; ++u)
            highest = larger(highest, to_float(map[v * maps.w + u]));
    }
    return is_peak(value, highest, maps.tolerance, maps.threshold);
}

/* One block per tile: its peaks; as many come before a peak as its place says. */
template <typename Head>
__global__ void list_peaks(Lists lists, const Head* map, Maps maps) {
    __shared__ Peak peaks[kPeakTile];
    __shared__ int32_t counts[kListThreads];
    const int64_t tiles = peak_tiles(maps.h, maps.w), max_peaks = peaks_of_tile(maps.N);
    const Head* image = map + (blockIdx.x / tiles) * maps.batch_stride;
    const int64_t first = (blockIdx.x % tiles) * kPeakTile + (int64_t)threadIdx.x * kCellsPerThread;
    bool found[kCellsPerThread];
    int32_t own = 0;
    for (int64_t i = 0; i < kCellsPerThread; ++i) {
        found[i] = first + i < maps.h * maps.w && is_peak_at(image, first + i, maps);
        own += found[i];
    }
    counts[threadIdx.x] = own;
    __syncthreads();
    int32_t before = 0, total = 0;
    for (unsigned t = 0; t < kListThreads; ++t) {
        before += t < threadIdx.x ? counts[t] : 0;
        total += counts[t];
    }
    for (int64_t i = 0; i < kCellsPerThread; ++i)
        if (found[i]) peaks[before++] = {to_float(image[first + i]), (int32_t)(first + i)};
    __syncthreads();
    for (int32_t i = threadIdx.x; i < total; i += kListThreads) {
        int32_t place = 0;
        for (int32_t other = 0; other < total; ++other)
            place += comes_before(peaks[other], peaks[i]);
        if (place < max_peaks) lists.from[blockIdx.x * max_peaks + place] = peaks[i];
    }
    if (threadIdx.x == 0)
        lists.counts[blockIdx.x] = (int32_t)(total < max_peaks ? total : max_peaks);
}

/* How many peaks of a list in order come before one. */
__device__ int64_t places_before(const Peak* list, int64_t count, Peak peak) {
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (comes_before(list[middle], peak))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One block per image: lists 2i and 2i + 1 become list i, until one list is left. */
__global__ void merge_peaks(
    int32_t* cells, float* scores, int32_t* found, Lists lists, int64_t N, int64_t tiles) {
    const int64_t max_peaks = peaks_of_tile(N);
    Peak* from = lists.from + blockIdx.x * tiles * max_peaks;
    Peak* to = lists.to + blockIdx.x * tiles * max_peaks;
    int32_t* counts = lists.counts + blockIdx.x * tiles;
    /* list i spans `step` tiles, has step * max_peaks places, and its first tile's count */
    for (int64_t step = 1; step < tiles; step *= 2) {
        const int64_t room = step * max_peaks, longest = room < N ? room : N;
        const int64_t left = (tiles + step - 1) / step;
        for (int64_t i = threadIdx.x; i < left * longest; i += blockDim.x) {
            const int64_t list = i / longest, at = i % longest, other = list ^ 1;
            if (at >= counts[list * step]) continue;
            const Peak peak = from[list * room + at];
            const int64_t others = other < left ? counts[other * step] : 0;
            const int64_t place = at + places_before(from + other * room, others, peak);
            if (place < N) to[(list / 2) * 2 * room + place] = peak;
        }
        __syncthreads();
        for (int64_t list = 2 * (int64_t)threadIdx.x; list + 1 < left; list += 2 * blockDim.x) {
            const int64_t both = (int64_t)counts[list * step] + counts[(list + 1) * step];
            counts[list * step] = (int32_t)(both < N ? both : N);
        }
        Peak* const swap = from;
        from = to;
        to = swap;
        __syncthreads();
    }
    const int64_t count = tiles > 0 ? counts[0] : 0;
    for (int64_t i = threadIdx.x; i < N; i += blockDim.x) {
        cells[blockIdx.x * N + i] = i < count ? from[i].cell : -1;
        scores[blockIdx.x * N + i] = i < count ? from[i].score : 0;
    }
    if (threadIdx.x == 0) found[blockIdx.x] = (int32_t)count;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_center_nms_topk_scratch_bytes_cuda(
    pt_dtype /*maps_dtype*/, int64_t B, int64_t N, int64_t h, int64_t w) {
    if (check_center_nms_topk_sizes(B, N, h, w)) return -1;
    return scratch_bytes<PeaksOnCuda>(B, N, h, w);
}

pt_status pt_center_nms_topk_cuda(
    int32_t* cells, float* scores, int32_t* count, void* scratch, int64_t scratch_bytes,
    const void* maps, pt_dtype maps_dtype, int64_t maps_batch_stride, int64_t B, int64_t N,
    int64_t h, int64_t w, int64_t radius, float tolerance, float threshold, void* stream) {
    const int64_t needed = pt_center_nms_topk_scratch_bytes_cuda(maps_dtype, B, N, h, w);
    if (auto status = check_center_nms_topk(
            cells, scores, count, scratch, scratch_bytes, needed, maps, maps_dtype,
            maps_batch_stride, B, N, h, w, radius, tolerance))
        return status;
    const auto working = lay_out<PeaksOnCuda>(scratch, B, N, h, w);
    const Lists lists{working.from, working.to, working.counts};
    const int64_t tiles = peak_tiles(h, w);
    const Maps shape{maps_batch_stride, N, h, w, radius, tolerance, threshold};
    const pt_status listed = with_head(maps_dtype, [&](auto type) {
        return launch<list_peaks<decltype(type)>>(
            {B * tiles, kListThreads, 0, stream}, lists, static_cast<const decltype(type)*>(maps),
            shape);
    });
    if (listed != PT_OK) return listed;
    return launch<merge_peaks>(
        {B, kMergeThreads, 0, stream}, cells, scores, count, lists, N, tiles);
}
#endif
