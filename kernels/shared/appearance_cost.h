/* The angle between two features, summed in one order on every device. */
#ifndef POSETRACK_SHARED_APPEARANCE_COST_H
#define POSETRACK_SHARED_APPEARANCE_COST_H

#include "scratch.h"

namespace posetrack {

/* A dot product is summed in lanes: lane l sums the products l, l + kLanes, ... */
constexpr int kLanes = 16;

PT_HD void add_product(float* lane, float a, float b) { *lane += a * b; }

PT_HD float sum_of_lanes(const float* lanes) {
    float sums[kLanes];
    for (int l = 0; l < kLanes; ++l) sums[l] = lanes[l];
    for (int step = kLanes / 2; step > 0; step /= 2)
        for (int l = 0; l < step; ++l) sums[l] += sums[l + step];
    return sums[0];
}

/* 1 / length from the squared length; 0 where that is not positive and finite. */
PT_HD float inverse_length(float squared) {
    const bool usable = squared > 0.0f && squared < positive_infinity();
    return usable ? 1.0f / sqrtf(squared) : 0.0f;
}

PT_HD float appearance_cost(float product, float inverse_a, float inverse_b) {
    if (!(inverse_a > 0.0f) || !(inverse_b > 0.0f)) return 1.0f;
    const float cost = 1.0f - product * inverse_a * inverse_b;
    return cost < 0.0f ? 0.0f : cost < 1.0f ? cost : 1.0f;
}

#if !defined(__CUDACC_RTC__)
/* Inverse lengths of all features. */
struct AppearanceScratch {
    float *inverse, *inverse_others;

    AppearanceScratch(Scratch& scratch, int64_t B, int64_t T, int64_t N)
        : inverse(scratch.take<float>({B, T})), inverse_others(scratch.take<float>({B, N})) {}
};

inline int64_t appearance_cost_scratch(int64_t B, int64_t T, int64_t N) {
    if (Check().sizes({{"B", B}, {"T", T}, {"N", N}}).status()) return -1;
    return scratch_bytes<AppearanceScratch>(B, T, N);
}

inline pt_status check_appearance_cost(
    const float* cost, const void* scratch, int64_t scratch_bytes, const float* features,
    const float* others, const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t T,
    int64_t N, int64_t D) {
    return Check()
        .sizes({{"B", B}, {"T", T}, {"N", N}, {"D", D}})
        .array("cost", cost, {B, T, N})
        .array("features", features, {B, T, D})
        .array("others", others, {B, N, D})
        .optional("counts", counts, {B})
        .optional("other_counts", other_counts, {B})
        .scratch(scratch, scratch_bytes, appearance_cost_scratch(B, T, N))
        .status();
}
#endif

}  // namespace posetrack

#endif
