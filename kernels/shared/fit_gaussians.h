/* Least-squares fit of height * exp(-r^2 / (2 sigma^2)) to a window of an enlarged map.
 *
 * The steps are those of MINPACK's lmdif (More, "The Levenberg-Marquardt Algorithm: Implementation
 * and Theory", 1978): a trust region in scaled parameters, its damping found by Newton's method,
 * the same stopping tests. Unlike in MINPACK, derivatives are exact, and steps are solved from the
 * normal equations of the four parameters.
 *
 * The Gaussian is a product of one factor per row and one per column, so 2 * 16 exponentials are
 * enough for a window, and sums over products of factors are products of sums. A row is one lane:
 * on every device its sum runs over the columns in their order, and lanes are added in their order.
 */
#ifndef POSETRACK_SHARED_FIT_GAUSSIANS_H
#define POSETRACK_SHARED_FIT_GAUSSIANS_H

#include "upsample_maps.h"

namespace posetrack {

constexpr int32_t kFitLanes = 16; /* maximum number of rows, and of columns, of a window */
constexpr int64_t kMaxFitRadius = 7;
constexpr int32_t kFitParameters = 4; /* height, row, column, sigma */
/* Defaults of scipy.optimize.leastsq, which the released code leaves as they are. */
constexpr double kFitTolerance = 1.49012e-8; /* of the sum of squares and of the parameters */
constexpr double kFirstRegion = 100.0;       /* size of the first trust region */
constexpr int64_t kMaxFitEvaluations = 1000000;
constexpr double kLeastDamping = 2.2250738585072014e-308;
constexpr double kRounding = 2.220446049250313e-16;
constexpr double kDifference = 1.4901161193847656e-8; /* its root */

/* The pixels that are fitted, and the pixel that the fit starts from. */
struct FitWindow {
    int32_t top, left, height, width; /* height 0: there is no window to fit */
    int32_t row, column;              /* from the window's corner; may be negative */
    int32_t start_y, start_x; /* the pixel whose value is the first height; -1: there is none */
};

/* A whole number as an integer, limited to a range that reaches far beyond any map. */
PT_HD int32_t far_pixel(float whole) {
    const float limit = 1e9f;
    return (int32_t)(whole < -limit ? -limit : whole > limit ? limit : whole);
}

/* The window of a keypoint. For a pixel above or left of the map, the released code reads the first
 * height at a negative index, which counts from the map's other end. Where the window does not
 * reach the map, its end is a negative index, too, and the released window covers most of the map:
 * too far from the keypoint to move it, so the fit ends where it starts. Such a keypoint gets a
 * start here, but no window.
 */
PT_HD FitWindow
fit_window(float x, float y, int64_t map_height, int64_t map_width, int32_t radius, bool clamped) {
    const int32_t H = (int32_t)map_height, W = (int32_t)map_width;
    const FitWindow none = {0, 0, 0, 0, 0, 0, -1, -1};
    const float px = truncf(x + 0.5f), py = truncf(y + 0.5f);
    if (!is_finite(px) || !is_finite(py)) return none;
    int32_t row = far_pixel(py), column = far_pixel(px);
    if (clamped) {
        row = row < 0 ? 0 : row < H ? row : H - 1;
        column = column < 0 ? 0 : column < W ? column : W - 1;
    } else if (row == 0 || row == H - 1 || column == 0 || column == W - 1) {
        return none;
    }
    if (row < -H || row >= H || column < -W || column >= W) return none;
    const int32_t start_y = row < 0 ? row + H : row, start_x = column < 0 ? column + W : column;
    if (row == -radius - 1 || column == -radius - 1) return none; /* the released window is empty */
    if (row < -radius || column < -radius) return {0, 0, 0, 0, row, column, start_y, start_x};
    const int32_t top = row > radius ? row - radius : 0;
    const int32_t left = column > radius ? column - radius : 0;
    const int32_t bottom = row + radius < H - 1 ? row + radius : H - 1;
    const int32_t right = column + radius < W - 1 ? column + radius : W - 1;
    const int32_t height = bottom - top + 1, width = right - left + 1;
    if (height * width < kFitParameters) return none;
    return {top, left, height, width, row - top, column - left, start_y, start_x};
}

/* The place of value number i of the window in `values` (columns, kFitLanes). As in the released
 * code, a window of h x w values is laid out as one of w rows and h columns.
 */
PT_HD int32_t window_slot(const FitWindow& window, int32_t i) {
    return i % window.height * kFitLanes + i / window.height;
}

/* The same place as a row and a column of `values`: that of the first value of a column of the
 * window, then of the value below another, without a division for each.
 */
struct WindowSlot {
    int32_t row, column;
    int32_t rows, columns; /* from a value to that below it */
};

PT_HD WindowSlot first_slot(const FitWindow& window, int32_t i) {
    const int32_t height = window.height > 0 ? window.height : 1;
    return {i / height, i % height, window.width / height, window.width % height};
}

PT_HD WindowSlot slot_below(const FitWindow& window, WindowSlot slot) {
    const int32_t column = slot.column + slot.columns;
    const bool over = column >= window.height;
    return {
        slot.row + slot.rows + (over ? 1 : 0), over ? column - window.height : column, slot.rows,
        slot.columns};
}

PT_HD int32_t slot_of(WindowSlot slot) { return slot.column * kFitLanes + slot.row; }

/* Sums over the window at one set of parameters, in the order of the parameters. */
struct FitSums {
    double squares; /* of the residuals */
    double gradient[kFitParameters];
    double normal[kFitParameters][kFitParameters]; /* lower triangle of J^T J */
};

/* The factors of rows and columns, and the sums of each lane. */
struct FitTerms {
    double row_distance[kFitLanes], row_factor[kFitLanes];
    double column_distance[kFitLanes], column_factor[kFitLanes];
    double squares[kFitLanes];
    double moments[3][kFitLanes]; /* of the residuals x column factor x distance^(0, 1, 2) */
};

PT_HD double inverse_spread(double sigma) { return -0.5 / (sigma * sigma); }

/* One factor and its distance; 0 beyond the window. */
PT_HD double distance_term(int32_t i, double center) { return (double)i - center; }
PT_HD double factor_term(int32_t i, int32_t size, double distance, double inverse) {
    const double exponent = distance * distance * inverse;
    const double factor = exponent == exponent ? exp_of_negative_double(exponent) : exponent;
    return i < size ? factor : 0.0;
}

PT_HD double scaled_factor(double height, double row_factor) { return height * row_factor; }

/* Adds one value of a lane to the lane's sums; `model` is the height x the row's factor. */
PT_HD void add_residual(
    double& squares, double& moment0, double& moment1, double& moment2, double model,
    double column_factor, double column_distance, double value) {
    const double residual = model * column_factor - value;
    squares += residual * residual;
    const double weighted = residual * column_factor;
    moment0 += weighted;
    moment1 += weighted * column_distance;
    moment2 += weighted * (column_distance * column_distance);
}

constexpr int32_t kLaneTerms = 4, kSquaredTerms = 5;

/* What a lane adds to the sums over the window; moments are its own, see FitTerms. */
PT_HD void lane_terms(
    double* terms, double factor, double distance, double moment0, double moment1, double moment2) {
    terms[0] = factor * moment0;
    terms[1] = factor * (distance * moment0);
    terms[2] = factor * moment1;
    terms[3] = factor * (moment2 + distance * distance * moment0);
}

/* What a row or column adds to the sums of factor^2 x distance^(0 ... 4). */
PT_HD void squared_terms(double* terms, double factor, double distance) {
    const double square = factor * factor, d2 = distance * distance;
    terms[0] = square;
    terms[1] = square * distance;
    terms[2] = square * d2;
    terms[3] = square * (d2 * distance);
    terms[4] = square * (d2 * d2);
}

PT_HD void squared_moments(
    double* moments, const double* factor, const double* distance, int32_t size) {
    for (int32_t power = 0; power < kSquaredTerms; ++power) moments[power] = 0.0;
    for (int32_t i = 0; i < size; ++i) {
        double terms[kSquaredTerms];
        squared_terms(terms, factor[i], distance[i]);
        for (int32_t power = 0; power < kSquaredTerms; ++power) moments[power] += terms[power];
    }
}

/* The sums over a window at parameters `at`, from what its lanes, rows and columns add up to. */
PT_HD FitSums combined_sums(
    double squares, const double* sums, const double* row, const double* column, const double* at) {
    const double shift = at[0] / (at[3] * at[3]), spread = shift / at[3];
    FitSums result;
    result.squares = squares;
    result.gradient[0] = sums[0];
    result.gradient[1] = shift * sums[1];
    result.gradient[2] = shift * sums[2];
    result.gradient[3] = spread * sums[3];
    result.normal[0][0] = row[0] * column[0];
    result.normal[1][0] = shift * (row[1] * column[0]);
    result.normal[1][1] = shift * shift * (row[2] * column[0]);
    result.normal[2][0] = shift * (row[0] * column[1]);
    result.normal[2][1] = shift * shift * (row[1] * column[1]);
    result.normal[2][2] = shift * shift * (row[0] * column[2]);
    result.normal[3][0] = spread * (row[2] * column[0] + row[0] * column[2]);
    result.normal[3][1] = shift * spread * (row[3] * column[0] + row[1] * column[2]);
    result.normal[3][2] = shift * spread * (row[2] * column[1] + row[0] * column[3]);
    result.normal[3][3] =
        spread * spread * (row[4] * column[0] + 2.0 * (row[2] * column[2]) + row[0] * column[4]);
    return result;
}

/* The same from the sums of each lane, of a window of `rows` lanes. */
PT_HD FitSums summed_lanes(const FitTerms& terms, const double* at, int32_t rows, int32_t columns) {
    double squares = 0.0, sums[kLaneTerms] = {0.0, 0.0, 0.0, 0.0};
    for (int32_t y = 0; y < rows; ++y) {
        double added[kLaneTerms];
        lane_terms(
            added, terms.row_factor[y], terms.row_distance[y], terms.moments[0][y],
            terms.moments[1][y], terms.moments[2][y]);
        squares += terms.squares[y];
        for (int32_t i = 0; i < kLaneTerms; ++i) sums[i] += added[i];
    }
    double row[kSquaredTerms], column[kSquaredTerms];
    squared_moments(row, terms.row_factor, terms.row_distance, rows);
    squared_moments(column, terms.column_factor, terms.column_distance, columns);
    return combined_sums(squares, sums, row, column, at);
}

/* The state of a fit between two evaluations of the Gaussian. */
struct GaussianFit {
    bool running, converged;
    bool first; /* no step has been taken yet */
    int32_t evaluations, max_evaluations;
    double at[kFitParameters], trial[kFitParameters]; /* where the Gaussian is to be evaluated */
    double scale[kFitParameters];
    double norm;            /* of the residuals */
    double reach;           /* of the parameters, scaled */
    double region, damping; /* size of the trust region, and the damping that keeps within it */
    double step_norm;       /* of the trial's step, scaled */
    double promised, slope; /* relative reduction of the squares that the linear model promises */
    FitSums sums;           /* at `at` */
};

PT_HD double scaled_norm(const double* vector, const double* scale) {
    double total = 0.0;
    for (int32_t i = 0; i < kFitParameters; ++i)
        total += (scale[i] * vector[i]) * (scale[i] * vector[i]);
    return sqrt(total);
}

/* lower lower^T = normal + damping scale^2. Where a parameter depends on others, its pivot is 0 and
 * the result false.
 */
PT_HD bool factorise(
    double (*lower)[kFitParameters], const double (*normal)[kFitParameters], double damping,
    const double* scale) {
    bool regular = true;
    for (int32_t j = 0; j < kFitParameters; ++j) {
        const double diagonal = normal[j][j] + damping * (scale[j] * scale[j]);
        double pivot = diagonal;
        for (int32_t k = 0; k < j; ++k) pivot -= lower[j][k] * lower[j][k];
        const bool singular = pivot <= 8.0 * kRounding * diagonal;
        regular = regular && !singular;
        lower[j][j] = singular ? 0.0 : sqrt(pivot);
        for (int32_t i = j + 1; i < kFitParameters; ++i) {
            double value = normal[i][j];
            for (int32_t k = 0; k < j; ++k) value -= lower[i][k] * lower[j][k];
            lower[i][j] = singular ? 0.0 : value / lower[j][j];
        }
    }
    return regular;
}

/* out = lower^-1 vector; 0 for parameters without a pivot. */
PT_HD void solve_forward(double* out, const double (*lower)[kFitParameters], const double* vector) {
    for (int32_t i = 0; i < kFitParameters; ++i) {
        double value = vector[i];
        for (int32_t k = 0; k < i; ++k) value -= lower[i][k] * out[k];
        out[i] = lower[i][i] != 0.0 ? value / lower[i][i] : 0.0;
    }
}

/* out = (lower lower^T)^-1 vector */
PT_HD void solve(double* out, const double (*lower)[kFitParameters], const double* vector) {
    double half[kFitParameters];
    solve_forward(half, lower, vector);
    for (int32_t i = kFitParameters - 1; i >= 0; --i) {
        double value = half[i];
        for (int32_t k = i + 1; k < kFitParameters; ++k) value -= lower[k][i] * out[k];
        out[i] = lower[i][i] != 0.0 ? value / lower[i][i] : 0.0;
    }
}

/* How fast the norm of the scaled step falls with the damping, relative to the norm. */
PT_HD double shrinking(
    const double (*lower)[kFitParameters], const double* step, double norm, const double* scale) {
    double vector[kFitParameters], half[kFitParameters];
    for (int32_t i = 0; i < kFitParameters; ++i) vector[i] = scale[i] * (scale[i] * step[i] / norm);
    solve_forward(half, lower, vector);
    double total = 0.0;
    for (int32_t i = 0; i < kFitParameters; ++i) total += half[i] * half[i];
    return total;
}

/* Minus the step to take from `fit.at` within the trust region; sets the damping. `lower` is the
 * factor of the undamped normal equations.
 */
PT_HD void damped_step(
    double* step, GaussianFit& fit, const double (*lower)[kFitParameters], bool regular) {
    const double* gradient = fit.sums.gradient;
    solve(step, lower, gradient);
    double norm = scaled_norm(step, fit.scale), excess = norm - fit.region;
    if (excess <= 0.1 * fit.region) {
        fit.damping = 0.0;
        return;
    }
    double min_damping = 0.0, total = 0.0;
    if (regular) min_damping = excess / fit.region / shrinking(lower, step, norm, fit.scale);
    for (int32_t i = 0; i < kFitParameters; ++i)
        total += (gradient[i] / fit.scale[i]) * (gradient[i] / fit.scale[i]);
    const double steepest = sqrt(total);
    double max_damping = steepest / fit.region;
    if (max_damping == 0.0) max_damping = kLeastDamping / (fit.region < 0.1 ? fit.region : 0.1);
    double damping = fit.damping > min_damping ? fit.damping : min_damping;
    damping = damping < max_damping ? damping : max_damping;
    if (damping == 0.0) damping = steepest / norm;
    for (int32_t round = 1;; ++round) {
        if (damping == 0.0)
            damping = 0.001 * max_damping > kLeastDamping ? 0.001 * max_damping : kLeastDamping;
        double damped[kFitParameters][kFitParameters];
        factorise(damped, fit.sums.normal, damping, fit.scale);
        solve(step, damped, gradient);
        norm = scaled_norm(step, fit.scale);
        const double before = excess;
        excess = norm - fit.region;
        if (fabs(excess) <= 0.1 * fit.region || round == 10 ||
            (min_damping == 0.0 && excess <= before && before < 0.0))
            break;
        const double correction = excess / fit.region / shrinking(damped, step, norm, fit.scale);
        if (excess > 0.0 && damping > min_damping) min_damping = damping;
        if (excess < 0.0 && damping < max_damping) max_damping = damping;
        damping = damping + correction > min_damping ? damping + correction : min_damping;
    }
    fit.damping = damping;
}

/* Proposes the parameters at which the Gaussian is evaluated next. */
PT_HD void propose(GaussianFit& fit) {
    double lower[kFitParameters][kFitParameters], step[kFitParameters];
    const double none[kFitParameters] = {0.0, 0.0, 0.0, 0.0};
    const bool regular = factorise(lower, fit.sums.normal, 0.0, none);
    damped_step(step, fit, lower, regular);
    double total = 0.0;
    for (int32_t j = 0; j < kFitParameters; ++j) { /* |J step|^2 = |lower^T step|^2 */
        double value = 0.0;
        for (int32_t i = j; i < kFitParameters; ++i) value += lower[i][j] * step[i];
        total += value * value;
        fit.trial[j] = fit.at[j] - step[j];
    }
    fit.step_norm = scaled_norm(step, fit.scale);
    if (fit.first && fit.step_norm < fit.region) fit.region = fit.step_norm;
    const double linear = sqrt(total) / fit.norm;
    const double damped = sqrt(fit.damping) * fit.step_norm / fit.norm;
    fit.promised = linear * linear + damped * damped / 0.5;
    fit.slope = -(linear * linear + damped * damped);
    ++fit.evaluations;
}

/* MINPACK takes derivatives by moving a parameter a little. Whether such a move changes the model
 * by less than the residuals are rounded to: MINPACK's derivative is 0 then, and where all are, it
 * ends the fit.
 */
PT_HD bool is_flat(double parameter, double derivative, double residuals) {
    const double move = parameter != 0.0 ? fabs(parameter) : 1.0;
    return derivative * (kDifference * move) <= 0.25 * kRounding * residuals || residuals == 0.0;
}

/* Makes the trial the new `at`, with its sums; ends the fit where the gradient is 0 or flat. */
PT_HD void accept(GaussianFit& fit, const FitSums& sums, double norm) {
    fit.sums = sums;
    fit.norm = norm;
    fit.evaluations += kFitParameters;
    bool level = true;
    for (int32_t i = 0; i < kFitParameters; ++i) {
        fit.at[i] = fit.trial[i];
        const double length = sqrt(sums.normal[i][i]);
        if (fit.first) fit.scale[i] = length != 0.0 ? length : 1.0;
        if (length > fit.scale[i]) fit.scale[i] = length;
        level = level && (sums.gradient[i] == 0.0 || is_flat(fit.at[i], length, norm));
    }
    if (level) fit.running = false, fit.converged = true;
}

/* Starts a fit from these parameters; it goes on with the sums at `fit.trial`. */
PT_HD void begin_fit(
    GaussianFit& fit, double height, double row, double column, double sigma,
    int32_t max_evaluations) {
    const double start[kFitParameters] = {height, row, column, sigma};
    for (int32_t i = 0; i < kFitParameters; ++i) fit.at[i] = fit.trial[i] = start[i];
    fit.running = fit.first = true;
    fit.converged = false;
    fit.evaluations = 0;
    fit.max_evaluations = max_evaluations;
    fit.damping = 0.0;
}

/* Resizes the trust region after a step that achieved `ratio` of the promised reduction. */
PT_HD void resize_region(GaussianFit& fit, double norm, double reduction, double ratio) {
    if (ratio <= 0.25) {
        double shrink = 0.5;
        if (!(reduction >= 0.0)) shrink = 0.5 * fit.slope / (fit.slope + 0.5 * reduction);
        if (0.1 * norm >= fit.norm || shrink < 0.1) shrink = 0.1;
        const double reach = fit.step_norm / 0.1;
        fit.region = shrink * (fit.region < reach ? fit.region : reach);
        fit.damping = fit.damping / shrink;
    } else if (fit.damping == 0.0 || ratio >= 0.75) {
        fit.region = fit.step_norm / 0.5;
        fit.damping = 0.5 * fit.damping;
    }
}

/* Goes on with the sums at `fit.trial`; while `fit.running`, it needs those at the new trial next.
 */
PT_HD void advance_fit(GaussianFit& fit, const FitSums& sums) {
    const double norm = sqrt(sums.squares);
    if (fit.evaluations == 0) { /* the start */
        fit.evaluations = 1;
        accept(fit, sums, norm);
        fit.reach = scaled_norm(fit.at, fit.scale);
        fit.region = kFirstRegion * fit.reach;
        if (fit.region == 0.0) fit.region = kFirstRegion;
        if (fit.running) propose(fit);
        return;
    }
    const double quotient = norm / fit.norm;
    const double reduction = 0.1 * norm < fit.norm ? 1.0 - quotient * quotient : -1.0;
    const double ratio = fit.promised != 0.0 ? reduction / fit.promised : 0.0;
    resize_region(fit, norm, reduction, ratio);
    const bool better = ratio >= 1e-4;
    if (better) fit.reach = scaled_norm(fit.trial, fit.scale);
    const bool small_gain =
        fabs(reduction) <= kFitTolerance && fit.promised <= kFitTolerance && 0.5 * ratio <= 1.0;
    fit.converged = small_gain || fit.region <= kFitTolerance * fit.reach;
    fit.running = !fit.converged && fit.evaluations < fit.max_evaluations;
    if (better && fit.running) {
        fit.first = false;
        accept(fit, sums, norm);
    } else if (better) {
        for (int32_t i = 0; i < kFitParameters; ++i) fit.at[i] = fit.trial[i];
    }
    if (fit.running) propose(fit);
}

/* The fitted place and height in float32; `found`: the fit converged to finite numbers. */
struct FittedGaussian {
    float x, y, height;
    bool found;
};

PT_HD FittedGaussian started_gaussian(const FitWindow& window, float height) {
    return {
        (float)(window.left + window.column), (float)(window.top + window.row), height,
        is_finite(height)};
}

PT_HD FittedGaussian fitted_gaussian(const GaussianFit& fit, const FitWindow& window) {
    const double sum = fit.at[0] + fit.at[1] + fit.at[2] + fit.at[3];
    return {
        (float)((double)window.left + fit.at[2]), (float)((double)window.top + fit.at[1]),
        (float)fit.at[0], fit.converged && is_finite(sum)};
}

/* The score of a keypoint of pose n whose Gaussian has this height, NaN where it stays. */
PT_HD float fitted_score(float height, float score, const float* factors, int64_t n) {
    return is_nan(height) ? score : factors ? height * factors[n] : height;
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_fit_gaussians(
    const float* points, const float* fitted_scores, const void* heatmap, const float* keypoints,
    const float* scores, const float* factors, const int32_t* counts, pt_dtype heatmap_dtype,
    int64_t heatmap_batch_stride, int64_t B, int64_t N, int64_t K, int64_t h, int64_t w, int64_t H,
    int64_t W, float min_score, int64_t radius, double sigma, int64_t max_evaluations) {
    return check_enlarged_heatmap(heatmap, heatmap_dtype, heatmap_batch_stride, B, K, h, w, H, W)
        .sizes({{"N", N}})
        .that(!is_nan(min_score), "min_score must be a number")
        .that(radius >= 0 && radius <= kMaxFitRadius, "radius must be 0 to 7")
        .that(sigma > 0.0, "sigma must be above 0")
        .that(
            max_evaluations >= 1 && max_evaluations <= kMaxFitEvaluations,
            "max_evaluations must be 1 to 1000000")
        .array("points", points, {B, N, K, 2})
        .array("fitted_scores", fitted_scores, {B, N, K})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("scores", scores, {B, N, K})
        .optional("factors", factors, {B, N})
        .optional("counts", counts, {B})
        .status();
}
#endif

}  // namespace posetrack

#endif
