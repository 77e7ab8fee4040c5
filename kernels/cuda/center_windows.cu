/* Every block decodes the keypoint whose mesh it samples, so that nothing waits for a launch that
 * decodes all; the block of a keypoint's first channels writes it down.
 */
#include "../shared/center_windows.h"
#include "center_offset.cuh"
#include "launch.cuh"
#include "mesh_sampling.cuh"

namespace posetrack {
namespace {

/* A block per keypoint and group of channels. */
template <typename Feature, typename Offset, typename Head>
__global__ void __launch_bounds__(kMeshThreads) decode_and_sample(
    float* keypoints, Feature* features, const int32_t* cells, const Offset* offset, Offsets to,
    Meshes<Head> meshes) {
    const MeshBlock block = mesh_of_block(meshes.C);
    const DecodedPlace place = decoded_place(cells, offset, block.keypoint, to);
    const float x = input_pixel(place.x, meshes.stride), y = input_pixel(place.y, meshes.stride);
    if (block.group == 0 && threadIdx.x == 0) {
        keypoints[2 * (int64_t)block.keypoint] = x;
        keypoints[2 * (int64_t)block.keypoint + 1] = y;
    }
    sample_mesh(features, block, meshes, x, y);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_center_windows_scratch_bytes_cuda(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    return check_local_windows_sizes(features_dtype, embedding_dtype, C, h, w, s) ? -1 : 0;
}

pt_status pt_center_windows_cuda(
    float* keypoints, void* features, void* scratch, int64_t scratch_bytes, const int32_t* cells,
    const void* offset, const float* steps, const void* embedding, const int32_t* counts,
    pt_dtype features_dtype, pt_dtype offset_dtype, pt_dtype embedding_dtype,
    int64_t offset_batch_stride, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride, float sign, int64_t ratio,
    void* stream) {
    if (auto status = check_center_windows(
            keypoints, features, scratch, scratch_bytes, 0, cells, offset, steps, embedding, counts,
            features_dtype, offset_dtype, embedding_dtype, offset_batch_stride,
            embedding_batch_stride, B, N, K, C, h, w, s, stride, sign, ratio))
        return status;
    const Offsets to{N, K, h, w, ratio, offset_batch_stride, false, false, sign};
    const int64_t blocks = product_of({B, N, K, C > 0 ? groups_of(C) : 1});
    return with_head(features_dtype, [&](auto feature) {
        return with_head(offset_dtype, [&](auto coarse) {
            return with_head(embedding_dtype, [&](auto type) {
                using Head = decltype(type);
                const auto meshes = meshes_of<Head>(
                    steps, embedding, counts, embedding_batch_stride, N, K, C, h, w, s, stride);
                return launch<decode_and_sample<decltype(feature), decltype(coarse), Head>>(
                    {blocks, (unsigned)kMeshThreads, 0, stream}, keypoints,
                    static_cast<decltype(feature)*>(features), cells,
                    static_cast<const decltype(coarse)*>(offset), to, meshes);
            });
        });
    });
}
#endif
