#include "../shared/assign.h"

#include <algorithm>
#include <limits>

namespace posetrack {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/* One number per lane of a vector; loops over lanes become single instructions. */
using Lanes = double[kColumnsTogether];
constexpr int64_t kTogether = kColumnsTogether;

double lowest_of(const double* values, int64_t size) {
    Lanes best;
    for (int64_t l = 0; l < kTogether; ++l) best[l] = kInfinity;
    int64_t n = 0;
    for (; n + kTogether <= size; n += kTogether)
#pragma omp simd
        for (int64_t l = 0; l < kTogether; ++l)
            best[l] = values[n + l] < best[l] ? values[n + l] : best[l];
    for (; n < size; ++n) best[0] = std::min(best[0], values[n]);
    for (int64_t l = 1; l < kTogether; ++l) best[0] = std::min(best[0], best[l]);
    return best[0];
}

/* Writes the relative costs of a row, updates the lowest of each column and returns the lowest of
 * the row. `out` may be `cost`; with a gate of 0 relative costs stay as they are.
 */
double relate(double* out, double* __restrict lowest, const double* cost, int64_t C, double gate) {
#pragma omp simd
    for (int64_t c = 0; c < C; ++c) {
        const double value = relative_cost(cost[c], gate);
        out[c] = value;
        lowest[c] = value < lowest[c] ? value : lowest[c];
    }
    return lowest_of(out, C);
}

/* Transposes (count, N) costs, count <= kColumnsTogether, into columns of (N, size) relative costs.
 */
void turn(
    double* __restrict out, const double* __restrict cost, int64_t count, int64_t N, int64_t size,
    double gate) {
    for (int64_t n = 0; n < N; ++n)
        for (int64_t t = 0; t < count; ++t)
            out[n * size + t] = relative_cost(cost[t * N + n], gate);
}

struct Two {
    double first, second;
};

/* Writes all reduced costs to `key` and returns the two lowest. Sizes from here on are multiples of
 * kColumnsTogether.
 */
Two reduce(
    double* __restrict key, const double* __restrict cost, const double* __restrict price,
    int64_t size) {
    Lanes first, second;
    for (int64_t l = 0; l < kTogether; ++l) first[l] = second[l] = kInfinity;
    for (int64_t n = 0; n < size; n += kTogether)
#pragma omp simd
        for (int64_t l = 0; l < kTogether; ++l) {
            const double value = reduced_cost(cost[n + l], price[n + l]);
            const double higher = value < first[l] ? first[l] : value;
            key[n + l] = value;
            first[l] = value < first[l] ? value : first[l];
            second[l] = higher < second[l] ? higher : second[l];
        }
    Two two{first[0], second[0]};
    for (int64_t l = 1; l < kTogether; ++l) {
        const double higher = first[l] < two.first ? two.first : first[l];
        two.first = std::min(two.first, first[l]);
        two.second = std::min(two.second, std::min(higher, second[l]));
    }
    return two;
}

double begin_paths(
    double* __restrict key, double* __restrict open, int64_t* __restrict from,
    const double* __restrict cost, const double* __restrict price, int64_t row, int64_t size) {
    for (int64_t n = 0; n < size; ++n) {
        key[n] = path_length(0.0, cost[n], price[n]);
        open[n] = price[n];
        from[n] = row;
    }
    return lowest_of(key, size);
}

double shorten_paths(
    double* __restrict key, int64_t* __restrict from, const double* __restrict cost,
    const double* __restrict open, double base, int64_t row, int64_t size) {
    Lanes best;
    for (int64_t l = 0; l < kTogether; ++l) best[l] = kInfinity;
    for (int64_t n = 0; n < size; n += kTogether)
#pragma omp simd
        for (int64_t l = 0; l < kTogether; ++l) {
            const double value = path_length(base, cost[n + l], open[n + l]), old = key[n + l];
            const int64_t before = from[n + l];
            const double shorter = value < old ? value : old;
            key[n + l] = shorter;
            from[n + l] = value < old ? row : before;
            best[l] = shorter < best[l] ? shorter : best[l];
        }
    for (int64_t l = 1; l < kTogether; ++l) best[0] = std::min(best[0], best[l]);
    return best[0];
}

/* The lowest rank of the columns with this value. */
int64_t lowest_rank(
    const double* __restrict key, const int64_t* __restrict rank, double value, int64_t size) {
    int64_t best[kTogether];
    for (int64_t l = 0; l < kTogether; ++l) best[l] = 2 * size;
    for (int64_t n = 0; n < size; n += kTogether)
#pragma omp simd
        for (int64_t l = 0; l < kTogether; ++l) {
            const int64_t here = key[n + l] == value ? rank[n + l] : 2 * size;
            best[l] = here < best[l] ? here : best[l];
        }
    for (int64_t l = 1; l < kTogether; ++l) best[0] = std::min(best[0], best[l]);
    return best[0];
}

struct Alone {
    static bool leads() { return true; }
    static void sync() {}

    static TwoLowest two_lowest(const Assignment& a, int64_t row) {
        const Two two = reduce(a.key, a.cost + row * a.size, a.price, a.size);
        return {lowest(a, two.first), two.second};
    }

    static Lowest start(const Assignment& a, int64_t row) {
        const double* cost = a.cost + row * a.size;
        return lowest(a, begin_paths(a.key, a.open, a.from, cost, a.price, row, a.size));
    }

    static Lowest relax(const Assignment& a, int64_t row, double base) {
        const double* cost = a.cost + row * a.size;
        return lowest(a, shorten_paths(a.key, a.from, cost, a.open, base, row, a.size));
    }

    static Lowest lowest(const Assignment& a, double value) {
        return {value, (uint32_t)lowest_rank(a.key, a.rank, value, a.size)};
    }
};

/* The rows and columns that have a cost below the gate. */
struct Kept {
    int32_t* rows;    /* (R) */
    int32_t* columns; /* (S) */
    int64_t R, C;
};

/* Fills a.cost with the relative costs of the rows that have a cost below the gate, and of such
 * columns alone if that makes the padded rows narrower.
 */
Kept crop(const Assignment& a, const double* cost, int64_t C, int64_t stride, double gate) {
    Kept kept{a.match + a.rows, a.match + 2 * a.rows, 0, 0};
    double* lowest = a.key; /* (S) */
    std::fill(lowest, lowest + a.size, kInfinity);
    for (int64_t r = 0; r < a.rows; ++r) {
        double* row = a.cost + kept.R * a.size; /* not behind the row read, if `cost` is a.cost */
        const double best = relate(row, lowest, cost + r * stride, C, gate);
        std::fill(row + C, row + a.size, kInfinity);
        if (best < kInfinity) kept.rows[kept.R++] = (int32_t)r;
    }
    for (int64_t c = 0; c < C; ++c)
        if (lowest[c] < kInfinity) kept.columns[kept.C++] = (int32_t)c;
    const int64_t size = padded_columns(kept.C);
    if (size == a.size) {
        for (kept.C = 0; kept.C < C; ++kept.C) kept.columns[kept.C] = (int32_t)kept.C;
        return kept;
    }
    for (int64_t r = 0; r < kept.R; ++r) {
        double* row = a.cost + r * size;
        for (int64_t c = 0; c < kept.C; ++c) row[c] = a.cost[r * a.size + kept.columns[c]];
        std::fill(row + kept.C, row + size, kInfinity);
    }
    return kept;
}

void assign_one(
    int32_t* match, double* memory, const double* cost, int64_t T, int64_t N, double gate) {
    Assignment a = assignment_in(memory, T, N);
    const bool turned = is_turned(T, N);
    if (turned)
        for (int64_t t = 0; t < T; t += kColumnsTogether)
            turn(a.cost + t, cost + t * N, std::min(kColumnsTogether, T - t), N, a.size, gate);
    const Kept kept = turned ? crop(a, a.cost, T, a.size, 0.0) : crop(a, cost, N, N, gate);
    a.rows = kept.R;
    a.size = padded_columns(kept.C);
    for (int64_t c = 0; c < a.size; ++c) open_column(a, c);
    std::fill(a.match, a.match + a.rows, kWaiting);
    Alone team;
    assign_all(team, a);
    std::fill(match, match + T, kAlone);
    for (int64_t r = 0; r < kept.R; ++r) {
        if (a.match[r] == kAlone) continue;
        const int32_t row = kept.rows[r], column = kept.columns[a.match[r]];
        match[turned ? column : row] = turned ? row : column;
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_assign_scratch_bytes_cpu(int64_t B, int64_t T, int64_t N) {
    return assign_scratch(B > 0 ? 1 : B, T, N); /* one matrix after the other */
}

pt_status pt_assign_cpu(
    int32_t* match, void* scratch, int64_t scratch_bytes, const double* cost, int64_t B, int64_t T,
    int64_t N, double gate) {
    const int64_t needed = pt_assign_scratch_bytes_cpu(B, T, N);
    if (auto status = check_assign(match, scratch, scratch_bytes, needed, cost, B, T, N, gate))
        return status;
    const auto working = lay_out<AssignScratch>(scratch, 1, T, N);
    for (int64_t b = 0; b < B; ++b) {
        if (N == 0)
            std::fill(match + b * T, match + (b + 1) * T, kAlone);
        else
            assign_one(match + b * T, working.doubles, cost + b * T * N, T, N, gate);
    }
    return PT_OK;
}
