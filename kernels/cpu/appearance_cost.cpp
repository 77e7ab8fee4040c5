#include "../shared/appearance_cost.h"

#include <algorithm>

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

/* The costs of the first T features and N others of an image, whose rows lie `stride` apart. */
void fill_costs(
    float* cost, const AppearanceScratch& working, const float* features, const float* others,
    int64_t T, int64_t N, int64_t D, int64_t stride) {
    fill_inverse_lengths(working.inverse, features, T, D);
    fill_inverse_lengths(working.inverse_others, others, N, D);
    for (int64_t t = 0; t < T; ++t) {
        float* row = cost + t * stride;
        const float* feature = features + t * D;
        int64_t n = 0;
        for (; n + kTogether <= N; n += kTogether)
            four_products(row + n, feature, others + n * D, D);
        for (; n < N; ++n) row[n] = product(feature, others + n * D, D);
        for (n = 0; n < N; ++n)
            row[n] = appearance_cost(row[n], working.inverse[t], working.inverse_others[n]);
        std::fill(row + N, row + stride, positive_infinity());
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_appearance_cost_scratch_bytes_cpu(int64_t B, int64_t T, int64_t N) {
    return appearance_cost_scratch(B, T, N);
}

pt_status pt_appearance_cost_cpu(
    float* cost, void* scratch, int64_t scratch_bytes, const float* features, const float* others,
    const int32_t* counts, const int32_t* other_counts, int64_t B, int64_t T, int64_t N,
    int64_t D) {
    if (auto status = check_appearance_cost(
            cost, scratch, scratch_bytes, features, others, counts, other_counts, B, T, N, D))
        return status;
    const auto working = lay_out<AppearanceScratch>(scratch, B, T, N);
    for (int64_t b = 0; b < B; ++b) {
        float* image = cost + b * T * N;
        const int64_t valid = valid_rows(counts, b, T);
        fill_costs(
            image, working, features + b * T * D, others + b * N * D, valid,
            valid_rows(other_counts, b, N), D, N);
        std::fill(image + valid * N, image + T * N, positive_infinity());
    }
    return PT_OK;
}
