#include "../shared/sigmoid.h"

namespace posetrack {
namespace {

template <typename Head>
void activate(float* __restrict activated, const Head* __restrict head, int64_t size) {
    for (int64_t i = 0; i < size; ++i) activated[i] = sigmoid_of(to_float(head[i]));
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_sigmoid_cpu(
    float* activated, const void* heads, pt_dtype heads_dtype, int64_t heads_batch_stride,
    int64_t B, int64_t C, int64_t h, int64_t w) {
    if (auto status = check_sigmoid(activated, heads, heads_dtype, heads_batch_stride, B, C, h, w))
        return status;
    const int64_t size = C * h * w;
    return with_head(heads_dtype, [&](auto type) {
        const auto* head = static_cast<const decltype(type)*>(heads);
        for (int64_t b = 0; b < B; ++b)
            activate(activated + b * size, head + b * heads_batch_stride, size);
        return (pt_status)PT_OK;
    });
}
