/* The expected place under a softmax: weights, sums, and the place they give. */
#ifndef POSETRACK_SHARED_SOFT_ARGMAX_H
#define POSETRACK_SHARED_SOFT_ARGMAX_H

#include "scratch.h"

namespace posetrack {

/* On CUDA a map is summed in parts of this many cells, one block each. */
constexpr int64_t kPartCells = 4096;
PT_HD int64_t part_count(int64_t cells) { return (cells + kPartCells - 1) / kPartCells; }

/* Whether a map's cells, and those of a part behind them, can be counted in 31 bits. */
PT_HD bool map_fits(int64_t d, int64_t h, int64_t w) {
    const int64_t limit = 0x7fffffff - kPartCells;
    if (d == 0 || h == 0 || w == 0) return true;
    return h <= limit / w && d <= limit / (h * w);
}

/* Whether a map has a logit above -infinity; NaN is not. */
PT_HD bool has_weight(float highest) { return highest > lowest_float(); }

/* 2^f for |f| up to 0.5: the polynomial of degree 5 that is least wrong there (9.2e-8) and 1 at 0.
 */
template <typename Float>
PT_HD void power_of_two(Float& power, const Float& f) {
    power = f * 0.00132647271f + 0.00967151267f;
    power = power * f + 0.0555073374f;
    power = power * f + 0.240222421f;
    power = power * f + 0.693146978f;
    power = power * f + 1.0f;
}

/* e^(logit - highest), relative error below 2e-7 + 6e-8 |logit - highest|. Where the highest is
 * infinite, infinite logits have weight 1 and all others 0.
 *
 * 2^t = 2^n 2^f: adding 1.5 * 2^23 leaves the nearest integer n of t in the lowest bits, from where
 * it is shifted into the exponent. Half the work of `exp_of_negative`. Weights below 2^-125
 * and those of NaN become 2^-125, which is nothing beside the highest logit's weight of 1.
 */
PT_HD float softmax_weight(float logit, float highest) {
    /* as integers, the bits of negative floats rise from -0 over -125 to -infinity and NaN */
    const uint32_t power = bits_of((logit - highest) * 1.44269504f) | 0x80000000u;
    const float t = from_bits(power < 0xc2fa0000u ? power : 0xc2fa0000u);
    const float rounded = t + 12582912.0f;
    const float f = t - (rounded - 12582912.0f);
    float p = 0.0f;
    power_of_two(p, f);
    const float weight = from_bits(bits_of(p) + (bits_of(rounded) << 23));
    const float share = logit == highest ? 1.0f : 0.0f;
    return highest < positive_infinity() ? weight : share;
}

/* Sums over a part of a map's cells: of the weights, and of the weights times each coordinate. */
struct Expectation {
    float highest; /* the logit whose weight is 1 */
    double total, x, y, z;
};

PT_HD Expectation no_expectation() { return {lowest_float(), 0.0, 0.0, 0.0, 0.0}; }

PT_HD void scale(Expectation* sums, double factor) {
    sums->total *= factor;
    sums->x *= factor;
    sums->y *= factor;
    sums->z *= factor;
}

/* Sums over cells few enough for float32; coordinates are counted from one of these cells. */
struct CellSums {
    float total, x, y, z;
};

PT_HD CellSums no_cells() { return {0.0f, 0.0f, 0.0f, 0.0f}; }

PT_HD void add_cell(CellSums* sums, float weight, int32_t x, int32_t y, int32_t z) {
    sums->total += weight;
    sums->x += weight * (float)x;
    sums->y += weight * (float)y;
    sums->z += weight * (float)z;
}

/* Sums of cells that were counted from (x, y, z). */
PT_HD Expectation counted_from(float highest, CellSums cells, int64_t x, int64_t y, int64_t z) {
    const double total = (double)cells.total;
    return {
        highest, total, total * (double)x + (double)cells.x, total * (double)y + (double)cells.y,
        total * (double)z + (double)cells.z};
}

/* Adds sums with the same highest logit. */
PT_HD void add(Expectation* sums, Expectation other) {
    sums->total += other.total;
    sums->x += other.x;
    sums->y += other.y;
    sums->z += other.z;
}

/* Adds sums with any highest logit. */
PT_HD void merge(Expectation* sums, Expectation other) {
    if (!(other.total > 0.0)) return;
    if (other.highest > sums->highest) {
        scale(sums, (double)softmax_weight(sums->highest, other.highest));
        sums->highest = other.highest;
    } else {
        scale(&other, (double)softmax_weight(other.highest, sums->highest));
    }
    add(sums, other);
}

/* Cell j of n lies at j / n - 0.5. */
PT_HD float share_of_map(double sum, double total, int64_t size) {
    return (float)(sum / total / (double)size - 0.5);
}

/* (dimensions) x, y, z, and the highest cell's probability; zeros where no cell has
 * weight.
 */
PT_HD void place_and_score(
    float* place, float* score, Expectation sums, int64_t d, int64_t h, int64_t w,
    int64_t dimensions) {
    const bool found = sums.total > 0.0;
    place[0] = found ? share_of_map(sums.x, sums.total, w) : 0.0f;
    place[1] = found ? share_of_map(sums.y, sums.total, h) : 0.0f;
    if (dimensions == 3) place[2] = found ? share_of_map(sums.z, sums.total, d) : 0.0f;
    *score = found ? (float)(1.0 / sums.total) : 0.0f;
}

#if !defined(__CUDACC_RTC__)
/* A map of float16 as floats. */
struct ExpectedOnCpu {
    float* widened;

    ExpectedOnCpu(Scratch& scratch, pt_dtype dtype, int64_t d, int64_t h, int64_t w)
        : widened(scratch.take<float>({if_half(dtype, d), h, w})) {}
};

/* Sums of the parts of all maps. */
struct ExpectedOnCuda {
    Expectation* sums;

    ExpectedOnCuda(Scratch& scratch, int64_t B, int64_t K, int64_t d, int64_t h, int64_t w)
        : sums(scratch.take<Expectation>({B, K, part_count(d * h * w)})) {}
};

inline pt_status check_soft_argmax_sizes(int64_t B, int64_t K, int64_t d, int64_t h, int64_t w) {
    return Check()
        .sizes({{"B", B}, {"K", K}, {"d", d}, {"h", h}, {"w", w}})
        .that(map_fits(d, h, w), "d * h * w must be 0 to 2147483647")
        .status();
}

inline pt_status check_soft_argmax(
    const float* places, const float* scores, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const void* logits, pt_dtype logits_dtype, int64_t logits_batch_stride,
    int64_t B, int64_t K, int64_t d, int64_t h, int64_t w, int64_t dimensions) {
    if (auto status = check_soft_argmax_sizes(B, K, d, h, w)) return status;
    return Check()
        .that(dimensions == 2 || dimensions == 3, "dimensions must be 2 or 3")
        .that(dimensions == 3 || d == 1, "d must be 1 in two dimensions")
        .array("places", places, {B, K, dimensions})
        .array("scores", scores, {B, K})
        .head("logits", logits, logits_dtype, logits_batch_stride, {B, K, d, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
