#include "../shared/fit_gaussians.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* The residuals of the Gaussian of `trial`: every thread sums one lane of the window. */
__device__ void fill_terms(
    FitTerms& terms, const double* trial, const double* values, int32_t rows, int32_t columns) {
    const int32_t lane = threadIdx.x;
    const double inverse = inverse_spread(trial[3]);
    const double row = distance_term(lane, trial[1]);
    const double column = distance_term(lane, trial[2]);
    terms.row_distance[lane] = row;
    terms.row_factor[lane] = factor_term(lane, rows, row, inverse);
    terms.column_distance[lane] = column;
    terms.column_factor[lane] = factor_term(lane, columns, column, inverse);
    __syncthreads();
    const double model = scaled_factor(trial[0], terms.row_factor[lane]);
    double squares = 0, m0 = 0, m1 = 0, m2 = 0;
    for (int32_t part = 0; lane < rows && part < columns; ++part)
        add_residual(
            squares, m0, m1, m2, model, terms.column_factor[part], terms.column_distance[part],
            values[part * kFitLanes + lane]);
    terms.squares[lane] = squares;
    terms.moments[0][lane] = m0;
    terms.moments[1][lane] = m1;
    terms.moments[2][lane] = m2;
}

struct Keypoints {
    const float* given;    /* (B, N, K, 2) */
    const float* scores;   /* (B, N, K) */
    const float* factors;  /* (B, N), or null */
    const int32_t* counts; /* (B), or null */
    int64_t N, K;
};

struct Fitting {
    float min_score;
    int32_t radius;
    double sigma;
    int32_t max_evaluations;
    bool clamped;
};

/* One block per keypoint, one thread per lane; the first thread takes the steps. */
template <typename Head>
__global__ void fit_keypoints(
    float* points, float* fitted_scores, const Head* heatmap, Keypoints keypoints,
    Upsampling upsampling, int64_t batch_stride, Fitting fitting) {
    __shared__ double values[kFitLanes * kFitLanes];
    __shared__ FitTerms terms;
    __shared__ GaussianFit fit;
    __shared__ bool finite[kFitLanes];
    const int64_t i = blockIdx.x, N = keypoints.N, K = keypoints.K;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const int64_t b = i / (N * K);
    const Head* map = heatmap + b * batch_stride + i % K * area;
    const float x = keypoints.given[2 * i], y = keypoints.given[2 * i + 1];
    const int32_t lane = threadIdx.x;
    if (i / K % N >= valid_rows(keypoints.counts, b, N)) {
        if (lane == 0) points[2 * i] = points[2 * i + 1] = fitted_scores[i] = 0;
        return;
    }
    const FitWindow window =
        fit_window(x, y, upsampling.H, upsampling.W, fitting.radius, fitting.clamped);
    /* rows and columns swapped as in the released code, see window_slot */
    const int32_t rows = window.width, columns = window.height, count = rows * columns;
    const bool started = keypoints.scores[i] > fitting.min_score && window.start_y >= 0;
    const bool fitted = started && window.height > 0;
    const float height =
        started ? upsampled_value(map, upsampling, window.start_y, window.start_x) : not_a_number();
    finite[lane] = true;
    for (int32_t part = lane; fitted && part < count; part += kFitLanes) {
        const double value = window_value(map, upsampling, window, part);
        values[window_slot(window, part)] = value;
        finite[lane] = finite[lane] && is_finite(value);
    }
    __syncthreads();
    if (lane == 0) {
        begin_fit(fit, height, window.row, window.column, fitting.sigma, fitting.max_evaluations);
        for (int32_t other = 0; other < kFitLanes; ++other)
            fit.running = fit.running && fitted && finite[other];
    }
    __syncthreads();
    while (fit.running) {
        fill_terms(terms, fit.trial, values, rows, columns);
        __syncthreads();
        if (lane == 0) advance_fit(fit, summed_lanes(terms, fit.trial, rows, columns));
        __syncthreads();
    }
    if (lane != 0) return;
    const FittedGaussian gaussian =
        fitted ? fitted_gaussian(fit, window) : started_gaussian(window, height);
    points[2 * i] = gaussian.found ? gaussian.x : x;
    points[2 * i + 1] = gaussian.found ? gaussian.y : y;
    fitted_scores[i] = fitted_score(
        gaussian.found ? gaussian.height : not_a_number(), keypoints.scores[i], keypoints.factors,
        i / K);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_fit_gaussians_cuda(
    float* points, float* fitted_scores, const void* heatmap, const float* keypoints,
    const float* scores, const float* factors, const int32_t* counts, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, int64_t H,
    int64_t W, float min_score, int64_t radius, double sigma, int64_t max_evaluations,
    int64_t clamped, void* stream) {
    if (auto status = check_fit_gaussians(
            points, fitted_scores, heatmap, keypoints, scores, factors, counts, heatmap_dtype,
            heatmap_batch_stride, B, N, K, h, w, H, W, min_score, radius, sigma, max_evaluations))
        return status;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kCornerRule);
    const Keypoints to_fit = {keypoints, scores, factors, counts, N, K};
    const Fitting fitting = {
        min_score, (int32_t)radius, sigma, (int32_t)max_evaluations, clamped != 0};
    return with_head(heatmap_dtype, [&](auto type) {
        return launch<fit_keypoints<decltype(type)>>(
            {B * N * K, (unsigned)kFitLanes, 0, stream}, points, fitted_scores,
            static_cast<const decltype(type)*>(heatmap), to_fit, upsampling, heatmap_batch_stride,
            fitting);
    });
}
#endif
