/* The highest peaks of a heatmap, on the CPU. */
#include <posetrack_kernels.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    constexpr int64_t B = 1, N = 5, h = 48, w = 64; /* images, peaks at most, a map's sides */
    std::vector<float> map(h * w);
    const auto add_person = [&](double column, double row, double score) {
        for (int64_t i = 0; i < h * w; ++i) {
            const double x = (double)(i % w) - column, y = (double)(i / w) - row;
            map[i] += (float)(score * std::exp(-(x * x + y * y) / 8));
        }
    };
    add_person(20, 15, 0.9);
    add_person(45, 30, 0.7);

    /* the caller allocates everything, once for all frames */
    std::vector<int32_t> cells(B * N), count(B);
    std::vector<float> scores(B * N);
    const int64_t bytes = pt_center_nms_topk_scratch_bytes_cpu(PT_FLOAT32, B, N, h, w);
    std::vector<unsigned char> scratch(bytes);
    constexpr int64_t radius = 2;
    constexpr float tolerance = 0.0f, threshold = 0.1f;
    const pt_status status = pt_center_nms_topk_cpu(
        cells.data(), scores.data(), count.data(), scratch.data(), bytes, map.data(), PT_FLOAT32,
        h * w, B, N, h, w, radius, tolerance, threshold);
    if (status != PT_OK) {
        std::fprintf(stderr, "status %d: %s\n", status, pt_last_error_cpu());
        return 1;
    }
    for (int32_t i = 0; i < count[0]; ++i) {
        const long long x = cells[i] % w, y = cells[i] / w;
        std::printf("%lld %lld %.2f\n", x, y, (double)scores[i]);
    }
    return 0;
}
