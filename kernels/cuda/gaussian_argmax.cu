/* A plain search of every cell: a GPU has enough operations for that, and with the CPU twin's
 * bounds its threads would diverge.
 */
#include "../shared/gaussian_argmax.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr unsigned kSearchThreads = 256;
constexpr int64_t kColumns = 1024; /* column weights held at a time */

struct Poses {
    const float* centers;  /* (B, N, K, 2) */
    const float* spread;   /* (B, N) */
    const float* boxes;    /* (B, N, 4), or null */
    const int32_t* counts; /* (B), or null */
    int64_t N, K;
};

struct Maps {
    int64_t batch_stride, h, w;
};

struct Best {
    float value;
    int32_t cell; /* the number of cells of the map where there is none */
};

__device__ void keep_better(Best& best, Best other) {
    if (is_better(other.value, other.cell, best.value, best.cell)) best = other;
}

/* One block per keypoint. */
template <typename Head>
__global__ void find_windowed(
    int32_t* cells, float* values, const Head* heatmap, Poses poses, Maps maps) {
    __shared__ float weights[kColumns];
    __shared__ Best bests[kSearchThreads];
    const int64_t pose = blockIdx.x / poses.K, k = blockIdx.x % poses.K;
    const Head* heat = heatmap + (pose / poses.N) * maps.batch_stride + k * maps.h * maps.w;
    const float x = poses.centers[2 * (int64_t)blockIdx.x];
    const float y = poses.centers[2 * (int64_t)blockIdx.x + 1];
    const float spread = poses.spread[pose];
    const float* box = poses.boxes ? poses.boxes + 4 * pose : nullptr;
    const bool counted = pose % poses.N < valid_rows(poses.counts, pose / poses.N, poses.N);
    const bool sought =
        counted && has_window(x, y, spread) && (!box || (box[0] < box[2] && box[1] < box[3]));
    const int64_t left = box ? first_cell_from(box[0], maps.w) : 0;
    const int64_t right = !sought ? left : box ? first_cell_from(box[2], maps.w) : maps.w;
    const int64_t top = box ? first_cell_from(box[1], maps.h) : 0;
    const int64_t bottom = box ? first_cell_from(box[3], maps.h) : maps.h;
    const auto none = (int32_t)(maps.h * maps.w);
    Best best{0, none};
    for (int64_t first = left; first < right; first += kColumns) {
        const int64_t size = right - first < kColumns ? right - first : kColumns;
        for (int64_t i = threadIdx.x; i < size; i += kSearchThreads)
            weights[i] = gaussian_weight((float)(first + i) - x, spread);
        __syncthreads();
        const int64_t rows_on = kSearchThreads / size, columns_on = kSearchThreads % size;
        int64_t row = top + threadIdx.x / size, i = threadIdx.x % size;
        while (row < bottom) {
            const int64_t cell = row * maps.w + first + i;
            const float weight = gaussian_weight((float)row - y, spread);
            keep_better(best, {windowed(to_float(heat[cell]), weight, weights[i]), (int32_t)cell});
            row += rows_on;
            i += columns_on;
            if (i >= size) {
                i -= size;
                ++row;
            }
        }
        __syncthreads();
    }
    bests[threadIdx.x] = best;
    for (unsigned half = kSearchThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) keep_better(bests[threadIdx.x], bests[threadIdx.x + half]);
    }
    if (threadIdx.x != 0) return;
    cells[blockIdx.x] = bests[0].value > 0 ? bests[0].cell : -1;
    values[blockIdx.x] = bests[0].value;
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_gaussian_argmax_scratch_bytes_cuda(
    pt_dtype /*heatmap_dtype*/, int64_t K, int64_t h, int64_t w) {
    return check_gaussian_argmax_sizes(K, h, w) ? -1 : 0;
}

pt_status pt_gaussian_argmax_cuda(
    int32_t* cells, float* values, void* scratch, int64_t scratch_bytes, const void* heatmap,
    const float* centers, const float* spread, const float* boxes, const int32_t* counts,
    pt_dtype heatmap_dtype, int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t h, int64_t w, void* stream) {
    if (auto status = check_gaussian_argmax(
            cells, values, scratch, scratch_bytes, 0, heatmap, centers, spread, boxes, counts,
            heatmap_dtype, heatmap_batch_stride, B, N, K, h, w))
        return status;
    return with_head(heatmap_dtype, [&](auto type) {
        return launch<find_windowed<decltype(type)>>(
            {B * N * K, kSearchThreads, 0, stream}, cells, values,
            static_cast<const decltype(type)*>(heatmap),
            Poses{centers, spread, boxes, counts, N, K}, Maps{heatmap_batch_stride, h, w});
    });
}
#endif
