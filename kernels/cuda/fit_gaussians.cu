#include "../shared/fit_gaussians.h"
#include "launch.cuh"
#include "warp.cuh"

namespace posetrack {
namespace {

/* Keypoints of a block: as many as find room in 48 KiB, as one warp takes the steps of all. */
constexpr int32_t kFits = 12;
constexpr int32_t kFitThreads = kFits * kFitLanes;
constexpr int32_t kTotals = 1 + kLaneTerms + 2 * kSquaredTerms; /* sums of a fit's lanes */

/* The shared memory of one fit. */
struct FitMemory {
    double column_distance[kFitLanes], column_factor[kFitLanes];
    double added[kTotals][kFitLanes + 1]; /* by each lane; one more, against bank conflicts */
    double totals[kTotals];
    double inverse; /* of the trial's spread */
    GaussianFit fit;
    float values[kFitLanes * kFitLanes];
    int32_t rows, columns;
};

/* What every lane adds to the sums at the trial: it takes a row of the window, and its column of
 * the same number.
 */
__device__ void add_lanes(FitMemory& to, int32_t lane, double row, double row_factor) {
    const double model = scaled_factor(to.fit.trial[0], row_factor);
    double squares = 0, m0 = 0, m1 = 0, m2 = 0;
    for (int32_t part = 0; lane < to.rows && part < to.columns; ++part)
        add_residual(
            squares, m0, m1, m2, model, to.column_factor[part], to.column_distance[part],
            (double)to.values[part * kFitLanes + lane]);
    double added[kTotals];
    added[0] = squares;
    lane_terms(added + 1, row_factor, row, m0, m1, m2);
    squared_terms(added + 1 + kLaneTerms, row_factor, row);
    squared_terms(
        added + 1 + kLaneTerms + kSquaredTerms, to.column_factor[lane], to.column_distance[lane]);
    for (int32_t i = 0; i < kTotals; ++i) to.added[i][lane] = added[i];
}

/* Every lane adds up one of the sums, in the order of the rows or columns. Those beyond the window
 * add 0, which changes no bit: a loop that stops before them would take four times as long.
 */
__device__ void add_up(FitMemory& to, int32_t lane) {
    if (lane >= kTotals) return;
    double total = 0;
    for (int32_t i = 0; i < kFitLanes; ++i) total += to.added[lane][i];
    to.totals[lane] = total;
}

__device__ void take_step(FitMemory& of) {
    const double* sums = of.totals + 1;
    const double* row = sums + kLaneTerms;
    advance_fit(of.fit, combined_sums(of.totals[0], sums, row, row + kSquaredTerms, of.fit.trial));
    of.inverse = inverse_spread(of.fit.trial[3]);
}

/* The distance of a row or column from the center, and 0 beyond the window: its terms are 0. */
__device__ double distance_within(int32_t lane, int32_t size, double center) {
    return lane < size ? distance_term(lane, center) : 0;
}

/* Takes the steps of a block's fits, until all have ended. A lane of the first warp takes those of
 * a fit, so the warp takes all at once.
 */
__device__ void run_fits(FitMemory* memory) {
    const auto thread = (int32_t)threadIdx.x, lane = (int32_t)(threadIdx.x % kFitLanes);
    FitMemory& own = memory[threadIdx.x / kFitLanes];
    for (;;) {
        const bool running = own.fit.running;
        if (!__syncthreads_or(running ? 1 : 0)) return; /* all threads decide the same */
        double row = 0, row_factor = 0;
        if (running) {
            row = distance_within(lane, own.rows, own.fit.trial[1]);
            row_factor = factor_term(lane, own.rows, row, own.inverse);
            const double column = distance_within(lane, own.columns, own.fit.trial[2]);
            own.column_distance[lane] = column;
            own.column_factor[lane] = factor_term(lane, own.columns, column, own.inverse);
        }
        __syncthreads();
        if (running) add_lanes(own, lane, row, row_factor);
        __syncthreads();
        if (running) add_up(own, lane);
        __syncthreads();
        if (thread < kFits && memory[thread].fit.running) take_step(memory[thread]);
        __syncthreads();
    }
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

/* Reads a window and starts its fit. */
template <typename Head>
__device__ void start_fit(
    FitMemory& own, int32_t lane, const Head* map, const Upsampling& upsampling,
    const FitWindow& window, float height, bool fitted, const Fitting& fitting) {
    /* rows and columns swapped as in the released code, see window_slot */
    const int32_t rows = window.width, columns = window.height, w = upsampling.columns.cells;
    const Place column = place_on(upsampling.columns, window.left + lane, upsampling.rule);
    const Place own_row = place_on(upsampling.rows, window.top + lane, upsampling.rule);
    const int32_t first = lane_of_thread() - lane; /* of the fit's lanes in its warp */
    bool finite = true;
    WindowSlot slot = first_slot(window, lane);
    PT_ROLLED
    for (int32_t y = 0; y < kFitLanes; ++y) {
        const Place row = {
            of_lane(own_row.low, first + y), of_lane(own_row.high, first + y),
            of_lane(own_row.weight, first + y)};
        if (!fitted || lane >= window.width || y >= window.height) continue;
        const float value = value_between_cells(
            map + column.low, map + column.high, column.weight, (int64_t)row.low * w,
            (int64_t)row.high * w, row.weight, upsampling.rule);
        own.values[slot_of(slot)] = value;
        slot = slot_below(window, slot);
        finite = finite && is_finite(value);
    }
    const uint32_t strange = ballot(!finite) >> first;
    if (lane == 0) {
        own.rows = rows;
        own.columns = columns;
        begin_fit(
            own.fit, height, window.row, window.column, fitting.sigma, fitting.max_evaluations);
        own.inverse = inverse_spread(fitting.sigma);
        own.fit.running = own.fit.running && fitted && strange % (1u << kFitLanes) == 0;
    }
    __syncthreads();
}

/* kFits keypoints a block, kFitLanes threads each. */
template <typename Head>
__global__ void __launch_bounds__(kFitThreads) fit_keypoints(
    float* points, float* fitted_scores, const Head* heatmap, Keypoints keypoints,
    Upsampling upsampling, int64_t total, int64_t batch_stride, Fitting fitting) {
    __shared__ FitMemory memory[kFits];
    const auto lane = (int32_t)(threadIdx.x % kFitLanes), fit = (int32_t)(threadIdx.x / kFitLanes);
    const int64_t i = (int64_t)blockIdx.x * kFits + fit, N = keypoints.N, K = keypoints.K;
    const int64_t at = i < total ? i : total - 1, pose = at / K, b = pose / N;
    const int64_t area = (int64_t)upsampling.rows.cells * upsampling.columns.cells;
    const Head* map = heatmap + b * batch_stride + (at - pose * K) * area;
    const float x = keypoints.given[2 * at], y = keypoints.given[2 * at + 1];
    const bool counted = i < total && pose - b * N < valid_rows(keypoints.counts, b, N);
    const FitWindow window =
        fit_window(x, y, upsampling.H, upsampling.W, fitting.radius, fitting.clamped);
    const bool started = counted && keypoints.scores[at] > fitting.min_score && window.start_y >= 0;
    const bool fitted = started && window.height > 0;
    const float height =
        started ? upsampled_value(map, upsampling, window.start_y, window.start_x) : not_a_number();
    start_fit(memory[fit], lane, map, upsampling, window, height, fitted, fitting);
    run_fits(memory);
    if (lane != 0 || i >= total) return;
    const FittedGaussian gaussian =
        fitted ? fitted_gaussian(memory[fit].fit, window) : started_gaussian(window, height);
    points[2 * i] = !counted ? 0 : gaussian.found ? gaussian.x : x;
    points[2 * i + 1] = !counted ? 0 : gaussian.found ? gaussian.y : y;
    fitted_scores[i] = !counted ? 0
                                : fitted_score(
                                      gaussian.found ? gaussian.height : not_a_number(),
                                      keypoints.scores[i], keypoints.factors, pose);
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
    const int64_t total = B * N * K;
    const Upsampling upsampling = upsampling_of(h, w, H, W, kCornerRule);
    const Keypoints to_fit = {keypoints, scores, factors, counts, N, K};
    const Fitting fitting = {
        min_score, (int32_t)radius, sigma, (int32_t)max_evaluations, clamped != 0};
    return with_head(heatmap_dtype, [&](auto type) {
        return launch<fit_keypoints<decltype(type)>>(
            {blocks_for(total, kFits), (unsigned)kFitThreads, 0, stream}, points, fitted_scores,
            static_cast<const decltype(type)*>(heatmap), to_fit, upsampling, total,
            heatmap_batch_stride, fitting);
    });
}
#endif
