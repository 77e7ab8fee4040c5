/* Assignment by shortest augmenting paths: every step and decision, for one thread or a block.
 *
 * Costs are relative to the gate, so that a pair worth matching costs less than 0 and an unmatched
 * row costs 0. A column has a price that only falls; a row compares columns by cost - price. First
 * each row in turn bids for its best column: it lowers the column's price until its second best
 * choice (or staying unmatched) is as good, and may displace the row that had the column. That is
 * the augmenting row reduction of Jonker and Volgenant. Rows that are still waiting after that,
 * because of a tie or too long a chain of bids, are each given the shortest augmenting path, which
 * ends in a free column or in a row that is better left unmatched. The shorter side of the matrix
 * becomes its rows here, because every row that cannot be matched costs a search.
 *
 * A Team scans all columns of a row together and returns the same to each of its threads; all
 * threads take every decision, and the leading one writes it down.
 */
#ifndef POSETRACK_SHARED_ASSIGN_H
#define POSETRACK_SHARED_ASSIGN_H

#include "scratch.h"

#if defined(__CUDACC__)
#define PT_TEAMWORK __device__ /* the scans of a block exist on the device only */
#else
#define PT_TEAMWORK inline
#endif

namespace posetrack {

constexpr int32_t kAlone = -1;   /* in `match` and `owner` */
constexpr int32_t kWaiting = -2; /* a row that still has to be matched or left alone */
/* Rows are padded to whole vectors; the columns behind the last one can never be matched. */
constexpr int64_t kColumnsTogether = 8;
/* Bids per row that may displace another row: beyond these, chains of bids that lower prices a
 * little each cost more than paths.
 */
constexpr int64_t kBidsPerRow = 2;

/* One matrix of R rows and C columns and the working memory for it; S is C rounded up to
 * kColumnsTogether.
 */
struct Assignment {
    double* cost;     /* (R, S) relative to the gate; infinite: never matched */
    double* price;    /* (S) */
    double* open;     /* (S) the price while a path may enter the column, else -infinite */
    double* key;      /* (S) length of the shortest path into a column not yet entered */
    double* length;   /* (S) lengths of the paths into the columns entered, in turn */
    int64_t* from;    /* (S) row before the column on its path */
    int64_t* rank;    /* (S) the column, plus S if a row has it; the lower rank wins a tie */
    int32_t* owner;   /* (S) row that has the column */
    int32_t* entered; /* (S) columns entered, in turn */
    int32_t* match;   /* (R) column of the row */
    int64_t rows;     /* R */
    int64_t size;     /* S */
    int64_t bids;     /* that may still displace a row */
};

struct Lowest {
    double value;
    uint32_t rank; /* of Assignment; below 2^32, as sizes have 31 bits */
};

struct TwoLowest {
    Lowest first;
    double second;
};

PT_HD int64_t padded_columns(int64_t N) {
    return (N + kColumnsTogether - 1) / kColumnsTogether * kColumnsTogether;
}

/* Whether the rows of a (T, N) matrix become the columns here. */
PT_HD bool is_turned(int64_t T, int64_t N) { return T > N; }

/* Working memory for a (T, N) matrix, in doubles; the CPU also lists the rows and columns it keeps.
 */
PT_HD int64_t assignment_doubles(int64_t T, int64_t N) {
    const int64_t R = is_turned(T, N) ? N : T, S = padded_columns(is_turned(T, N) ? T : N);
    return R * S + 6 * S + (3 * S + 2 * R + 1) / 2;
}

PT_HD Assignment assignment_in(double* memory, int64_t T, int64_t N) {
    const int64_t R = is_turned(T, N) ? N : T, S = padded_columns(is_turned(T, N) ? T : N);
    Assignment a;
    a.cost = memory;
    a.price = a.cost + R * S;
    a.open = a.price + S;
    a.key = a.open + S;
    a.length = a.key + S;
    a.from = (int64_t*)(a.length + S);
    a.rank = a.from + S;
    a.owner = (int32_t*)(a.rank + S);
    a.entered = a.owner + S;
    a.match = a.entered + S;
    a.rows = R;
    a.size = S;
    a.bids = kBidsPerRow * R;
    return a;
}

/* Whether a pair may be matched; none is below a gate of -infinite. */
PT_HD bool is_below(double cost, double gate) { return cost < gate && cost > -infinite(); }

PT_HD double relative_if(bool below, double cost, double gate) {
    return below ? cost - gate : infinite();
}

PT_HD double relative_cost(double cost, double gate) {
    return relative_if(is_below(cost, gate), cost, gate);
}

PT_HD double reduced_cost(double cost, double price) { return cost - price; }

PT_HD double path_length(double base, double cost, double open) { return base + (cost - open); }

PT_HD int64_t column_of(const Assignment& a, Lowest lowest) {
    return lowest.rank < a.size ? lowest.rank : lowest.rank - a.size;
}

PT_HD bool is_lower(Lowest a, Lowest b) {
    return a.value < b.value || (a.value == b.value && a.rank < b.rank);
}

PT_HD TwoLowest two_lowest_of(TwoLowest a, TwoLowest b) {
    const bool swap = is_lower(b.first, a.first);
    const Lowest first = swap ? b.first : a.first;
    const double third = swap ? b.second : a.second, second = swap ? a.first.value : b.first.value;
    return {first, third < second ? third : second};
}

/* The two lowest of these and of one more. */
PT_HD TwoLowest two_lowest_with(TwoLowest two, Lowest next) {
    const bool lower = is_lower(next, two.first);
    const double higher = lower ? two.first.value : next.value;
    return {lower ? next : two.first, higher < two.second ? higher : two.second};
}

/* `row` gets a column for which it bids so much that its `next` choice is as good. */
PT_HD void take(const Assignment& a, int64_t row, int64_t column, double best, double next) {
    a.match[row] = (int32_t)column;
    a.price[column] -= next - best;
    a.owner[column] = (int32_t)row;
    a.rank[column] = a.size + column;
}

PT_HD double second_choice(double second) { return second < 0.0 ? second : 0.0; }

/* The same bid for a row that no earlier row has a column in common with: its columns have no owner
 * yet, so such rows may all bid at once.
 */
PT_HD void bid_alone(const Assignment& a, int64_t row) {
    const double* cost = a.cost + row * a.size;
    double best = infinite(), second = infinite();
    int64_t column = 0;
    for (int64_t n = 0; n < a.size; ++n) {
        const double value = reduced_cost(cost[n], a.price[n]);
        const bool is_best = value < best;
        const double higher = is_best ? best : value;
        second = higher < second ? higher : second;
        best = is_best ? value : best;
        column = is_best ? n : column;
    }
    a.match[row] = kAlone;
    if (best < 0.0) take(a, row, column, best, second_choice(second));
}

/* `row` bids, then the row that it displaces, and so on. */
template <typename Team>
PT_TEAMWORK void bid(Team& team, const Assignment& a, int64_t row, int64_t* bids) {
    while (row != kAlone) {
        const TwoLowest two = team.two_lowest(a, row);
        const double best = two.first.value;
        if (!(best < 0.0)) {
            if (team.leads()) a.match[row] = kAlone;
            return;
        }
        const double next = second_choice(two.second);
        const int64_t column = column_of(a, two.first);
        const int32_t owner = a.owner[column];
        const bool takes = owner == kAlone || best < next;
        team.sync();
        if (team.leads()) {
            a.match[row] = kWaiting;
            if (takes) take(a, row, column, best, next);
            if (takes && owner != kAlone) a.match[owner] = kWaiting;
        }
        team.sync();
        if (!takes || owner == kAlone || *bids == 0) return;
        --*bids;
        row = owner;
    }
}

/* Along the path from `root` to `column`, every row takes the column that follows it. */
PT_HD void shift(const Assignment& a, int64_t column, int64_t root) {
    for (int64_t row = kAlone; row != root;) {
        row = a.from[column];
        const int64_t left = a.match[row];
        a.match[row] = (int32_t)column;
        a.owner[column] = (int32_t)row;
        a.rank[column] = a.size + column;
        column = left;
    }
}

/* The shortest augmenting path for a waiting row. */
template <typename Team>
PT_TEAMWORK void augment(Team& team, const Assignment& a, int64_t root) {
    /* columns entered; the row that is left unmatched if the path ends with it */
    int64_t count = 0, alone = root;
    double end = 0.0;
    Lowest lowest = team.start(a, root);
    while (lowest.value < end) {
        const int64_t column = column_of(a, lowest), row = a.owner[column];
        if (row == kAlone) break;
        const double own = reduced_cost(a.cost[row * a.size + column], a.price[column]);
        const double base = lowest.value - own;
        if (team.leads()) {
            a.entered[count] = (int32_t)column;
            a.length[count] = lowest.value;
            a.key[column] = infinite();
            a.open[column] = -infinite();
        }
        ++count;
        if (base < end) {
            end = base;
            alone = row;
        }
        team.sync();
        lowest = team.relax(a, row, base);
    }
    const bool free_column = lowest.value < end;
    if (free_column) end = lowest.value;
    team.sync();
    if (!team.leads()) return;
    for (int64_t i = 0; i < count; ++i) a.price[a.entered[i]] += a.length[i] - end;
    if (free_column) {
        shift(a, column_of(a, lowest), root);
    } else {
        const int64_t column = a.match[alone];
        a.match[alone] = kAlone;
        if (alone != root) shift(a, column, root);
    }
}

PT_HD void open_column(const Assignment& a, int64_t column) {
    a.price[column] = 0.0;
    a.owner[column] = kAlone;
    a.rank[column] = column;
}

/* Every row that is still kWaiting bids. */
template <typename Team>
PT_TEAMWORK void bid_all(Team& team, const Assignment& a) {
    int64_t bids = a.bids;
    for (int64_t row = 0; row < a.rows; ++row)
        if (a.match[row] == kWaiting) bid(team, a, row, &bids);
    team.sync();
}

/* Every row that is kWaiting after the bids gets its path. */
template <typename Team>
PT_TEAMWORK void augment_all(Team& team, const Assignment& a) {
    for (int64_t row = 0; row < a.rows; ++row) {
        if (a.match[row] != kWaiting) continue;
        augment(team, a, row);
        team.sync();
    }
}

/* Fill `match`; every column must be open at the beginning, and every row kWaiting that has not
 * bid.
 */
template <typename Team>
PT_TEAMWORK void assign_all(Team& team, const Assignment& a) {
    bid_all(team, a);
    augment_all(team, a);
}

#if !defined(__CUDACC_RTC__)
inline pt_status check_assign_sizes(int64_t B, int64_t T, int64_t N) {
    constexpr int64_t limit = kMaxSize - kColumnsTogether;
    return Check().sizes({{"B", B}}).sizes({{"T", T}, {"N", N}}, limit).status();
}

/* Doubles of all matrices, one behind the other. */
struct AssignScratch {
    double* doubles;

    AssignScratch(Scratch& scratch, int64_t B, int64_t T, int64_t N)
        : doubles(scratch.take<double>({B, assignment_doubles(T, N)})) {}
};

inline int64_t assign_scratch(int64_t B, int64_t T, int64_t N) {
    return check_assign_sizes(B, T, N) ? -1 : scratch_bytes<AssignScratch>(B, T, N);
}

inline pt_status check_assign(
    const int32_t* match, const void* scratch, int64_t scratch_bytes, int64_t needed,
    const double* cost, int64_t B, int64_t T, int64_t N, double gate) {
    if (auto status = check_assign_sizes(B, T, N)) return status;
    return Check()
        .that(is_finite(gate), "gate must be finite: pass one above every cost")
        .array("match", match, {B, T})
        .array("cost", cost, {B, T, N})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
