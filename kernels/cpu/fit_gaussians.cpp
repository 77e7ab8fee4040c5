#include "../shared/fit_gaussians.h"

#include <algorithm>
#include <cmath>

#include "enlarge.h"

namespace posetrack {
namespace {

void factors(
    double* __restrict distance, double* __restrict factor, double center, double inverse,
    int32_t size) {
    for (int32_t i = 0; i < kFitLanes; ++i) {
        distance[i] = distance_term(i, center);
        factor[i] = factor_term(i, size, distance[i], inverse);
    }
}

/* The sums of all lanes; lanes beyond the window hold 0. */
void sum_lanes(FitTerms& terms, const double* __restrict values, double height, int32_t columns) {
    double model[kFitLanes], squares[kFitLanes], m0[kFitLanes], m1[kFitLanes], m2[kFitLanes];
    for (int32_t y = 0; y < kFitLanes; ++y) {
        model[y] = scaled_factor(height, terms.row_factor[y]);
        squares[y] = m0[y] = m1[y] = m2[y] = 0.0;
    }
    for (int32_t x = 0; x < columns; ++x) {
        const double factor = terms.column_factor[x], distance = terms.column_distance[x];
        const double* column = values + x * kFitLanes;
        for (int32_t y = 0; y < kFitLanes; ++y)
            add_residual(squares[y], m0[y], m1[y], m2[y], model[y], factor, distance, column[y]);
    }
    for (int32_t y = 0; y < kFitLanes; ++y) {
        terms.squares[y] = squares[y];
        terms.moments[0][y] = m0[y];
        terms.moments[1][y] = m1[y];
        terms.moments[2][y] = m2[y];
    }
}

FitSums evaluate(const double* at, const double* values, int32_t rows, int32_t columns) {
    FitTerms terms;
    const double inverse = inverse_spread(at[3]);
    factors(terms.row_distance, terms.row_factor, at[1], inverse, rows);
    factors(terms.column_distance, terms.column_factor, at[2], inverse, columns);
    sum_lanes(terms, values, at[0], columns);
    return summed_lanes(terms, at, rows, columns);
}

template <typename Head>
FittedGaussian fit_one(
    const Head* map, const Upsampling& upsampling, const FitWindow& window, double sigma,
    int32_t max_evaluations) {
    const float height = upsampled_value(map, upsampling, window.start_y, window.start_x);
    if (window.height == 0) return started_gaussian(window, height);
    double values[kFitLanes * kFitLanes] = {};
    float pixels[kFitLanes * kFitLanes];
    enlarge(
        pixels, map, upsampling, window.top, window.left, window.height, window.width,
        window.width);
    for (int32_t i = 0; i < window.height * window.width; ++i) {
        if (!is_finite(pixels[i])) return {0.0f, 0.0f, 0.0f, false};
        values[window_slot(window, i)] = (double)pixels[i];
    }
    GaussianFit fit;
    begin_fit(fit, height, window.row, window.column, sigma, max_evaluations);
    while (fit.running) /* rows and columns swapped as in the released code, see window_slot */
        advance_fit(fit, evaluate(fit.trial, values, window.width, window.height));
    return fitted_gaussian(fit, window);
}

/* Whether two keypoints have the same nearest pixel, and so the same fit. */
bool same_pixel(const float* a, const float* b) {
    return std::trunc(a[0] + 0.5f) == std::trunc(b[0] + 0.5f) &&
           std::trunc(a[1] + 0.5f) == std::trunc(b[1] + 0.5f);
}

/* Those of one image. */
struct Keypoints {
    float* points;       /* (N, K, 2) */
    float* heights;      /* (N, K) of the Gaussians, NaN where a keypoint stays */
    const float* given;  /* (N, K, 2) */
    const float* scores; /* (N, K) */
    float min_score;
    int64_t N, K; /* N: how many people count */

    bool wants(int64_t i) const { return scores[i] > min_score; }
};

struct Fitting {
    Upsampling upsampling;
    int32_t radius;
    double sigma;
    int32_t max_evaluations;
    bool clamped;
};

/* An earlier keypoint whose fit is that of keypoint i, or -1. */
int64_t fitted_before(const Keypoints& keypoints, int64_t i) {
    for (int64_t j = i % keypoints.K; j < i; j += keypoints.K)
        if (keypoints.wants(j) && same_pixel(keypoints.given + 2 * j, keypoints.given + 2 * i))
            return j;
    return -1;
}

/* The fit of keypoint i, unless it stays. */
template <typename Head>
FittedGaussian fit_keypoint(
    const Keypoints& image, int64_t i, const Head* map, const Fitting& fitting) {
    const float x = image.given[2 * i], y = image.given[2 * i + 1];
    const FittedGaussian stays = {x, y, not_a_number(), false};
    if (!image.wants(i)) return stays;
    const int64_t before = fitted_before(image, i);
    if (before >= 0) {
        const float height = image.heights[before];
        const float* place = image.points + 2 * before;
        return {place[0], place[1], height, !is_nan(height)};
    }
    const Upsampling& upsampling = fitting.upsampling;
    const FitWindow window =
        fit_window(x, y, upsampling.H, upsampling.W, fitting.radius, fitting.clamped);
    if (window.start_y < 0) return stays;
    return fit_one(map, upsampling, window, fitting.sigma, fitting.max_evaluations);
}

/* Every keypoint of one image; `maps` is (K, h, w). */
template <typename Head>
void fit_image(const Keypoints& image, const Head* maps, const Fitting& fitting) {
    const Axis rows = fitting.upsampling.rows, columns = fitting.upsampling.columns;
    for (int64_t i = 0; i < image.N * image.K; ++i) {
        const Head* map = maps + i % image.K * rows.cells * columns.cells;
        const FittedGaussian fitted = fit_keypoint(image, i, map, fitting);
        image.points[2 * i] = fitted.found ? fitted.x : image.given[2 * i];
        image.points[2 * i + 1] = fitted.found ? fitted.y : image.given[2 * i + 1];
        image.heights[i] = fitted.found ? fitted.height : not_a_number();
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_fit_gaussians_cpu(
    float* points, float* fitted_scores, const void* heatmap, const float* keypoints,
    const float* scores, const float* factors, const int32_t* counts, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, int64_t H,
    int64_t W, float min_score, int64_t radius, double sigma, int64_t max_evaluations,
    int64_t clamped) {
    if (auto status = check_fit_gaussians(
            points, fitted_scores, heatmap, keypoints, scores, factors, counts, heatmap_dtype,
            heatmap_batch_stride, B, N, K, h, w, H, W, min_score, radius, sigma, max_evaluations))
        return status;
    const Fitting fitting = {
        upsampling_of(h, w, H, W, kCornerRule), (int32_t)radius, sigma, (int32_t)max_evaluations,
        clamped != 0};
    for (int64_t b = 0; b < B; ++b) {
        const int64_t at = b * N * K, end = at + N * K;
        const int64_t valid = valid_rows(counts, b, N), rest = at + valid * K;
        const Keypoints image = {points + 2 * at,
                                 fitted_scores + at,
                                 keypoints + 2 * at,
                                 scores + at,
                                 min_score,
                                 valid,
                                 K};
        with_head(heatmap_dtype, [&](auto type) {
            const auto* maps = static_cast<const decltype(type)*>(heatmap);
            fit_image(image, maps + b * heatmap_batch_stride, fitting);
        });
        for (int64_t i = at; i < rest; ++i)
            fitted_scores[i] = fitted_score(fitted_scores[i], scores[i], factors, i / K);
        std::fill(points + 2 * rest, points + 2 * end, 0.0f);
        std::fill(fitted_scores + rest, fitted_scores + end, 0.0f);
    }
    return PT_OK;
}
