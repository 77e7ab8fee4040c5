/* Assignment of at most 32 rows to at most 32 columns by one warp, in shared memory.
 *
 * Rows that have no column in common, not even through other rows, never bid against each other. So
 * each such group of rows is given to a lane, which lets them bid in turn and looks at nothing but
 * the columns that a row can be matched with. What ties leave over gets its path from the warp.
 */
#ifndef POSETRACK_CUDA_ASSIGN_FEW_CUH
#define POSETRACK_CUDA_ASSIGN_FEW_CUH

#include "../shared/assign.h"
#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int32_t kFew = kWarp; /* rows or columns, a bit of a word each */
constexpr uint32_t kHighest = 1u << (kFew - 1);
/* The pairs that a lane may look at while the warp takes a row's bid. */
constexpr int32_t kPairsPerBid = 8;

/* The shared memory of one matrix. */
struct FewMemory {
    double cost[kFew * kFew], price[kFew], open[kFew], key[kFew], length[kFew];
    int64_t from[kFew], rank[kFew];
    int32_t owner[kFew], entered[kFew], match[kFew];
    uint32_t wanted[kFew];  /* of a row: the columns that it can be matched with */
    uint32_t wanting[kFew]; /* of a column: such rows */
    uint32_t group[kFew];   /* of a row: the rows that are known to be of its group */
};

__device__ inline Assignment assignment_of_few(FewMemory& memory, int32_t rows) {
    Assignment a;
    a.cost = memory.cost;
    a.price = memory.price;
    a.open = memory.open;
    a.key = memory.key;
    a.length = memory.length;
    a.from = memory.from;
    a.rank = memory.rank;
    a.owner = memory.owner;
    a.entered = memory.entered;
    a.match = memory.match;
    a.rows = rows;
    a.size = kFew;
    a.bids = kBidsPerRow * rows;
    return a;
}

__device__ inline int32_t lowest_bit(uint32_t bits) { return __ffs((int32_t)bits) - 1; }

__device__ inline TwoLowest nothing(const Assignment& a) {
    return {{infinite(), (uint32_t)(2 * a.size)}, infinite()};
}

__device__ inline void add(const Assignment& a, TwoLowest* two, int64_t column, double value) {
    *two = two_lowest_with(*two, {value, (uint32_t)a.rank[column]});
}

/* A lane that looks at a row's columns alone. */
struct LaneTeam {
    const uint32_t* wanted; /* (rows) */

    __device__ static bool leads() { return true; }
    __device__ static void sync() {}

    __device__ TwoLowest two_lowest(const Assignment& a, int64_t row) const {
        const double* cost = a.cost + row * kFew;
        TwoLowest two = nothing(a);
        for (uint32_t left = wanted[row]; left != 0; left &= left - 1) {
            const int32_t column = lowest_bit(left);
            add(a, &two, column, reduced_cost(cost[column], a.price[column]));
        }
        return two;
    }
};

/* No column has a price or an owner, every row waits; the whole warp calls it. */
__device__ inline void reopen_few(const Assignment& a) {
    open_column(a, lane_of_thread());
    a.match[lane_of_thread()] = kWaiting;
    __syncwarp();
}

/* Fills the costs and opens everything, a column a lane. Lanes behind the last column read that
 * one, and nothing of it is below their gate.
 */
__device__ inline void open_few(
    FewMemory& memory, const Assignment& a, const double* cost, int32_t columns, int64_t of_row,
    int64_t of_column, double gate) {
    const int32_t lane = lane_of_thread(), rows = (int32_t)a.rows;
    const double limit = lane < columns ? gate : -infinite();
    const double* given = cost + (lane < columns ? lane : columns - 1) * of_column;
    uint32_t wanting = 0;
    for (int32_t row = 0; row < rows; ++row, given += of_row) {
        const double value = *given;
        const bool wants = is_below(value, limit);
        a.cost[row * kFew + lane] = relative_if(wants, value, limit);
        memory.wanted[row] = ballot(wants); /* by all lanes, all alike */
        wanting >>= 1;                      /* the last row's bit is the highest, for now */
        if (wants) wanting |= kHighest;
    }
    if (lane >= rows) memory.wanted[lane] = 0;
    memory.wanting[lane] = rows == 0 ? 0 : wanting >> (kFew - rows);
    reopen_few(a);
}

/* The group of each lane's row, as bits: the rows that want its columns, those that want these
 * rows' columns, and so on.
 */
__device__ inline uint32_t group_of_lane(FewMemory& memory) {
    const int32_t lane = lane_of_thread();
    uint32_t group = 1u << lane;
    for (uint32_t left = memory.wanted[lane]; left != 0; left &= left - 1)
        group |= memory.wanting[lowest_bit(left)];
    for (bool grown = true; ballot(grown) != 0;) {
        memory.group[lane] = group;
        __syncwarp();
        uint32_t all = group;
        for (uint32_t left = group; left != 0; left &= left - 1)
            all |= memory.group[lowest_bit(left)];
        grown = all != group;
        group = all;
        __syncwarp();
    }
    return group;
}

/* Whether the calling lane's row is the first of its group. */
__device__ inline bool leads_group(uint32_t group) {
    return (group & ((1u << lane_of_thread()) - 1)) == 0;
}

/* Whether no group takes a lane more time than all bids take the warp. */
__device__ inline bool pays_to_part(const FewMemory& memory, uint32_t group, int32_t rows) {
    const int32_t pairs = __popc(group) * __popc(memory.wanted[lane_of_thread()]);
    return ballot(pairs > kPairsPerBid * rows) == 0;
}

/* Every lane whose row is the first of a group lets the group's rows bid. Returns whether all bids
 * were as if row after row had bid, as no group displaced more rows than fall to its own.
 */
__device__ inline bool bid_in_groups(FewMemory& memory, const Assignment& a, uint32_t group) {
    LaneTeam team{memory.wanted};
    int64_t bids = kBidsPerRow * __popc(group);
    for (uint32_t left = leads_group(group) ? group : 0; left != 0; left &= left - 1)
        bid(team, a, lowest_bit(left), &bids);
    return ballot(bids == 0) == 0;
}

}  // namespace
}  // namespace posetrack

#endif
