/* The highest peaks of a heatmap that lies on the GPU, as a network leaves it there. */
#include <cuda_runtime.h>
#include <posetrack_kernels.h>

#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    constexpr int64_t B = 1, N = 5, h = 48, w = 64; /* images, peaks at most, a map's sides */
    std::vector<float> map(h * w);
    map[15 * w + 20] = 0.9f;
    map[30 * w + 45] = 0.7f;

    float *on_gpu, *scores;
    int32_t *cells, *count;
    void* scratch;
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    cudaMalloc(&on_gpu, sizeof(float) * h * w);
    cudaMalloc(&scores, sizeof(float) * B * N);
    cudaMalloc(&cells, sizeof(int32_t) * B * N);
    cudaMalloc(&count, sizeof(int32_t) * B);
    const int64_t bytes = pt_center_nms_topk_scratch_bytes_cuda(PT_FLOAT32, B, N, h, w);
    cudaMalloc(&scratch, bytes);
    cudaMemcpyAsync(on_gpu, map.data(), sizeof(float) * h * w, cudaMemcpyHostToDevice, stream);
    const pt_status status = pt_center_nms_topk_cuda(
        cells, scores, count, scratch, bytes, on_gpu, PT_FLOAT32, h * w, B, N, h, w, 2, 0.0f, 0.1f,
        stream); /* enqueued, not waited for */
    if (status != PT_OK) {
        std::fprintf(stderr, "status %d: %s\n", status, pt_last_error_cuda());
        return 1;
    }
    std::vector<int32_t> found(B * N);
    cudaMemcpyAsync(found.data(), cells, sizeof(int32_t) * B * N, cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    for (const int32_t cell : found)
        if (cell >= 0) std::printf("%lld %lld\n", (long long)(cell % w), (long long)(cell / w));
    return 0;
}
