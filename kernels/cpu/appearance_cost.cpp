#include "../shared/appearance_cost.h"

#include <algorithm>

#include "../include/posetrack_kernels.h"

namespace posetrack {
namespace {

constexpr int64_t kTogether = 4; /* others compared at once, after one load of a feature */

/* Dot products of one feature with four others that follow each other in memory. */
void four_products(
    float* products, const float* __restrict a, const float* __restrict others, int64_t D) {
    float lanes[kTogether][kLanes] = {};
    int64_t d = 0;
    for (; d + kLanes <= D; d += kLanes)
        for (int64_t n = 0; n < kTogether; ++n)
#pragma omp simd
            for (int l = 0; l < kLanes; ++l)
                add_product(&lanes[n][l], a[d + l], others[n * D + d + l]);
    for (int l = 0; d < D; ++d, ++l)
        for (int64_t n = 0; n < kTogether; ++n) add_product(&lanes[n][l], a[d], others[n * D + d]);
    for (int64_t n = 0; n < kTogether; ++n) products[n] = sum_of_lanes(lanes[n]);
}

float product(const float* a, const float* b, int64_t D) {
    float lanes[kLanes] = {};
    int64_t d = 0;
    for (; d + kLanes <= D; d += kLanes)
#pragma omp simd
        for (int l = 0; l < kLanes; ++l) add_product(&lanes[l], a[d + l], b[d + l]);
    for (int l = 0; d < D; ++d, ++l) add_product(&lanes[l], a[d], b[d]);
    return sum_of_lanes(lanes);
}

void fill_inverse_lengths(float* inverse, const float* features, int64_t count, int64_t D) {
    for (int64_t i = 0; i < count; ++i) {
        const float* feature = features + i * D;
        inverse[i] = inverse_length(product(feature, feature, D));
    }
}

/* The costs of one image; `inverse` and `inverse_others` are buffers for inverse lengths. */
void fill_costs(
    float* cost, float* inverse, float* inverse_others, const float* features, const float* others,
    int64_t T, int64_t N, int64_t D) {
    fill_inverse_lengths(inverse, features, T, D);
    fill_inverse_lengths(inverse_others, others, N, D);
    for (int64_t t = 0; t < T; ++t) {
        float* row = cost + t * N;
        const float* feature = features + t * D;
        int64_t n = 0;
        for (; n + kTogether <= N; n += kTogether)
            four_products(row + n, feature, others + n * D, D);
        for (; n < N; ++n) row[n] = product(feature, others + n * D, D);
        for (n = 0; n < N; ++n) row[n] = appearance_cost(row[n], inverse[t], inverse_others[n]);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

size_t pt_appearance_cost_scratch_bytes(int64_t B, int64_t T, int64_t N) {
    return B < 0 || T < 0 || N < 0 ? 0 : sizeof(float) * (size_t)B * ((size_t)T + (size_t)N);
}

pt_status pt_appearance_cost_cpu(
    float* cost, void* scratch, const float* features, const float* others, int64_t B, int64_t T,
    int64_t N, int64_t D) {
    if (B < 0 || T < 0 || N < 0 || D < 0) return PT_INVALID_ARGUMENT;
    if (B == 0 || T == 0 || N == 0) return PT_OK;
    if (!cost || !scratch || (D > 0 && (!features || !others))) return PT_INVALID_ARGUMENT;
    if (D == 0) {
        std::fill(cost, cost + B * T * N, 1.0f);
        return PT_OK;
    }
    auto* inverse = static_cast<float*>(scratch); /* (T + N) of the current image */
    for (int64_t b = 0; b < B; ++b)
        fill_costs(
            cost + b * T * N, inverse, inverse + T, features + b * T * D, others + b * N * D, T, N,
            D);
    return PT_OK;
}
