#include "../shared/assign.h"
#include "assign_few.cuh"
#include "launch.cuh"
#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int kMaxThreads = 256; /* of a block, a power of two */

/* A block, or a warp alone, that looks at all columns of a row together. */
template <bool kWarpAlone>
struct BlockTeam {
    TwoLowest* seen; /* (warps) in shared memory; null for a warp alone */

    __device__ bool leads() const { return threadIdx.x == 0; }
    __device__ void sync() const { __syncthreads(); }

    __device__ TwoLowest two_lowest(const Assignment& a, int64_t row) const {
        const double* cost = a.cost + row * a.size;
        TwoLowest two = nothing(a);
        for (int64_t n = threadIdx.x; n < a.size; n += blockDim.x)
            add(a, &two, n, reduced_cost(cost[n], a.price[n]));
        return of_all(two);
    }

    __device__ Lowest start(const Assignment& a, int64_t row) const {
        const double* cost = a.cost + row * a.size;
        TwoLowest two = nothing(a);
        for (int64_t n = threadIdx.x; n < a.size; n += blockDim.x) {
            a.key[n] = path_length(0, cost[n], a.price[n]);
            a.open[n] = a.price[n];
            a.from[n] = row;
            add(a, &two, n, a.key[n]);
        }
        return of_all(two).first;
    }

    __device__ Lowest relax(const Assignment& a, int64_t row, double base) const {
        const double* cost = a.cost + row * a.size;
        TwoLowest two = nothing(a);
        for (int64_t n = threadIdx.x; n < a.size; n += blockDim.x) {
            const double length = path_length(base, cost[n], a.open[n]);
            if (length < a.key[n]) {
                a.key[n] = length;
                a.from[n] = row;
            }
            add(a, &two, n, a.key[n]);
        }
        return of_all(two).first;
    }

    /* The lowest value and, of equal ones, the lowest rank; then the lowest of what is left. */
    __device__ static TwoLowest of_warp(const TwoLowest& mine) {
        const double value = lowest_of_warp(mine.first.value);
        const uint32_t own = mine.first.rank;
        const uint32_t rank = lowest_of_warp(mine.first.value > value ? ~0u : own);
        const bool is_first = mine.first.value == value && own == rank;
        return {{value, rank}, lowest_of_warp(is_first ? mine.second : mine.first.value)};
    }

    __device__ TwoLowest of_all(TwoLowest mine) const {
        mine = of_warp(mine);
        if constexpr (kWarpAlone) return mine;
        if (lane_of_thread() == 0) seen[warp_of_thread()] = mine;
        __syncthreads();
        TwoLowest all = seen[0];
        for (unsigned warp = 1; warp < blockDim.x / kWarp; ++warp)
            all = two_lowest_of(all, seen[warp]);
        __syncthreads(); /* all have read what was seen */
        return all;
    }
};

/* Fills the costs; a row that has a column in common with an earlier one waits for its turn. All
 * threads of the block call it.
 */
__device__ void fill_costs(
    const Assignment& a, const double* cost, int64_t T, int64_t N, double gate) {
    const bool turned = is_turned(T, N);
    const int64_t C = turned ? T : N, of_row = turned ? 1 : N, of_column = turned ? N : 1;
    for (int64_t r = threadIdx.x; r < a.rows; r += blockDim.x) a.match[r] = kAlone;
    __syncthreads();
    for (int64_t c = threadIdx.x; c < a.size; c += blockDim.x) {
        open_column(a, c);
        bool wanted = false;
        const double* given = cost + c * of_column;
        double* relative = a.cost + c;
        PT_ROLLED
        for (int32_t r = 0; r < (int32_t)a.rows; ++r, given += of_row, relative += a.size) {
            *relative = c < C ? relative_cost(*given, gate) : infinite();
            if (!is_finite(*relative)) continue;
            if (wanted) a.match[r] = kWaiting; /* by several threads perhaps, all alike */
            wanted = true;
        }
    }
    __syncthreads();
}

/* One block per cost matrix. */
__global__ void assign_rows(
    int32_t* match, double* scratch, const double* cost, int64_t T, int64_t N, double gate) {
    __shared__ TwoLowest seen[kMaxThreads / kWarp];
    const int64_t b = blockIdx.x;
    const Assignment a = assignment_in(scratch + b * assignment_doubles(T, N), T, N);
    fill_costs(a, cost + b * T * N, T, N, gate);
    for (int64_t r = threadIdx.x; r < a.rows; r += blockDim.x)
        if (a.match[r] != kWaiting) bid_alone(a, r);
    __syncthreads();
    BlockTeam<false> team{seen};
    assign_all(team, a);
    for (int64_t t = threadIdx.x; t < T; t += blockDim.x)
        match[b * T + t] = is_turned(T, N) ? a.owner[t] : a.match[t];
}

/* One warp per cost matrix of few rows and columns. */
__global__ void __launch_bounds__(kWarp)
    assign_few(int32_t* match, const double* cost, int32_t T, int32_t N, double gate) {
    __shared__ FewMemory memory;
    const bool turned = is_turned(T, N);
    const int32_t lane = lane_of_thread(), rows = turned ? N : T, columns = turned ? T : N;
    const int64_t b = blockIdx.x;
    const Assignment a = assignment_of_few(memory, rows);
    open_few(memory, a, cost + b * T * N, columns, turned ? 1 : N, turned ? N : 1, gate);
    const uint32_t group = group_of_lane(memory);
    BlockTeam<true> team{nullptr};
    if (!pays_to_part(memory, group, rows) || !bid_in_groups(memory, a, group)) {
        reopen_few(a);
        bid_all(team, a);
    }
    if (ballot(lane < rows && a.match[lane] == kWaiting) != 0) augment_all(team, a);
    if (lane < T) match[b * T + lane] = turned ? a.owner[lane] : a.match[lane];
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

int64_t pt_assign_scratch_bytes_cuda(int64_t B, int64_t T, int64_t N) {
    return assign_scratch(B, T, N);
}

pt_status pt_assign_cuda(
    int32_t* match, void* scratch, int64_t scratch_bytes, const double* cost, int64_t B, int64_t T,
    int64_t N, double gate, void* stream) {
    const int64_t needed = assign_scratch(B, T, N);
    if (auto status = check_assign(match, scratch, scratch_bytes, needed, cost, B, T, N, gate))
        return status;
    if (T <= kFew && N <= kFew)
        return launch<assign_few>(
            {B, (unsigned)kWarp, 0, stream}, match, cost, (int32_t)T, (int32_t)N, gate);
    const auto working = lay_out<AssignScratch>(scratch, B, T, N);
    unsigned threads = 32;
    while (threads < kMaxThreads && (threads < T || threads < N)) threads *= 2;
    return launch<assign_rows>({B, threads, 0, stream}, match, working.doubles, cost, T, N, gate);
}
#endif
