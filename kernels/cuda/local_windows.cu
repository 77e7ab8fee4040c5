#include "../shared/local_windows.h"
#include "launch.cuh"
#include "mesh_sampling.cuh"

namespace posetrack {
namespace {

/* A block per keypoint and group of channels, a thread per point of the mesh. */
template <typename Feature, typename Head>
__global__ void __launch_bounds__(kMeshThreads)
    sample_meshes(Feature* features, const float* keypoints, Meshes<Head> meshes) {
    const MeshBlock block = mesh_of_block(meshes.C);
    const float* keypoint = keypoints + 2 * (int64_t)block.keypoint;
    sample_mesh(features, block, meshes, keypoint[0], keypoint[1]);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_local_windows_scratch_bytes_cuda(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    return check_local_windows_sizes(features_dtype, embedding_dtype, C, h, w, s) ? -1 : 0;
}

pt_status pt_local_windows_cuda(
    void* features, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* steps, const void* embedding, const int32_t* counts, pt_dtype features_dtype,
    pt_dtype embedding_dtype, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride, void* stream) {
    if (auto status = check_local_windows(
            features, scratch, scratch_bytes, 0, keypoints, steps, embedding, counts,
            features_dtype, embedding_dtype, embedding_batch_stride, B, N, K, C, h, w, s, stride))
        return status;
    if (s == 0) return PT_OK;
    const int64_t blocks = product_of({B, N, K, groups_of(C)});
    return with_head(features_dtype, [&](auto feature) {
        return with_head(embedding_dtype, [&](auto type) {
            using Head = decltype(type);
            const auto meshes = meshes_of<Head>(
                steps, embedding, counts, embedding_batch_stride, N, K, C, h, w, s, stride);
            return launch<sample_meshes<decltype(feature), Head>>(
                {blocks, (unsigned)kMeshThreads, 0, stream},
                static_cast<decltype(feature)*>(features), keypoints, meshes);
        });
    });
}
#endif
