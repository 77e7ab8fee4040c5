/* The embedding at the points of a keypoint's mesh, for one block. */
#ifndef POSETRACK_CUDA_MESH_SAMPLING_CUH
#define POSETRACK_CUDA_MESH_SAMPLING_CUH

#include "../shared/local_windows.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int32_t kMeshThreads = 128; /* of a block: LOGO-CAP's meshes have 11 x 11 points */
constexpr int64_t kChannels = 16;     /* that a block samples */

PT_HD int64_t groups_of(int64_t C) { return (C + kChannels - 1) / kChannels; }

/* What is sampled, and where. */
template <typename Head>
struct Meshes {
    const float* steps;    /* (K, s) */
    const Head* embedding; /* (B, C, h, w) */
    const int32_t* counts; /* (B), or null */
    int64_t batch_stride;
    int32_t N, K, C, h, w, s;
    float stride;
};

#if !defined(__CUDACC_RTC__)
template <typename Head>
Meshes<Head> meshes_of(
    const float* steps, const void* embedding, const int32_t* counts, int64_t batch_stride,
    int64_t N, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    return {steps,      static_cast<const Head*>(embedding),
            counts,     batch_stride,
            (int32_t)N, (int32_t)K,
            (int32_t)C, (int32_t)h,
            (int32_t)w, (int32_t)s,
            stride};
}
#endif

/* The keypoint and the group of channels of the calling block; without channels there is one. */
struct MeshBlock {
    int32_t keypoint, group;
};

__device__ inline MeshBlock mesh_of_block(int32_t C) {
    const int32_t some = (int32_t)groups_of(C), groups = some > 0 ? some : 1;
    return {(int32_t)blockIdx.x / groups, (int32_t)blockIdx.x % groups};
}

/* Writes the block's channels of its keypoint's mesh, a thread a point. */
template <typename Feature, typename Head>
__device__ void sample_mesh(
    Feature* features, const MeshBlock& block, const Meshes<Head>& of, float x, float y) {
    const int32_t keypoint = block.keypoint, k = keypoint % of.K, b = keypoint / of.K / of.N;
    const int32_t first = block.group * (int32_t)kChannels, s = of.s, w = of.w;
    const int32_t channels = of.C - first < (int32_t)kChannels ? of.C - first : (int32_t)kChannels;
    const bool counted = keypoint / of.K % of.N < valid_rows(of.counts, b, of.N);
    const int64_t area = (int64_t)of.h * w, points = (int64_t)s * s;
    for (int64_t point = threadIdx.x; point < points; point += kMeshThreads) {
        const int32_t v = (int32_t)(point / s), u = (int32_t)(point % s);
        const Neighbours column = mesh_neighbours(x, of.steps[(int64_t)k * s + u], of.stride, w);
        const Neighbours row = mesh_neighbours(y, of.steps[(int64_t)k * s + v], of.stride, of.h);
        const Head* upper =
            of.embedding + b * of.batch_stride + first * area + (int64_t)row.low * w;
        const Head* lower = upper + (int64_t)(row.high - row.low) * w;
        Feature* to = features + ((int64_t)keypoint * of.C + first) * points + point;
        for (int32_t c = 0; c < channels; ++c, upper += area, lower += area, to += points)
            store_as(
                to, counted ? sampled(
                                  to_float(upper[column.low]), to_float(lower[column.low]),
                                  to_float(upper[column.high]), to_float(lower[column.high]),
                                  row.low_weight, row.high_weight, column.low_weight,
                                  column.high_weight)
                            : 0);
    }
}

}  // namespace
}  // namespace posetrack

#endif
