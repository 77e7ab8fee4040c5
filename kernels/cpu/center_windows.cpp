#include "../shared/center_windows.h"

using namespace posetrack;

int64_t pt_center_windows_scratch_bytes_cpu(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    return pt_local_windows_scratch_bytes_cpu(features_dtype, embedding_dtype, C, h, w, s);
}

pt_status pt_center_windows_cpu(
    float* keypoints, void* features, void* scratch, int64_t scratch_bytes, const int32_t* cells,
    const void* offset, const float* steps, const void* embedding, const int32_t* counts,
    pt_dtype features_dtype, pt_dtype offset_dtype, pt_dtype embedding_dtype,
    int64_t offset_batch_stride, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride, float sign, int64_t ratio) {
    const int64_t needed =
        pt_center_windows_scratch_bytes_cpu(features_dtype, embedding_dtype, C, h, w, s);
    if (auto status = check_center_windows(
            keypoints, features, scratch, scratch_bytes, needed, cells, offset, steps, embedding,
            counts, features_dtype, offset_dtype, embedding_dtype, offset_batch_stride,
            embedding_batch_stride, B, N, K, C, h, w, s, stride, sign, ratio))
        return status;
    if (auto status = pt_center_offset_decode_cpu(
            keypoints, cells, offset, offset_dtype, offset_batch_stride, B, N, K, h, w, sign, ratio,
            PT_RULE_FLOOR))
        return status;
    for (int64_t i = 0; i < 2 * B * N * K; ++i) keypoints[i] = input_pixel(keypoints[i], stride);
    return pt_local_windows_cpu(
        features, scratch, scratch_bytes, keypoints, steps, embedding, counts, features_dtype,
        embedding_dtype, embedding_batch_stride, B, N, K, C, h, w, s, stride);
}
