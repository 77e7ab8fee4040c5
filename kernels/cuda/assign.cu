#include "../shared/assign.h"
#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int kMaxThreads = 256; /* of a block, a power of two */

/* A block that looks at all columns of a row together. */
struct BlockTeam {
    TwoLowest* seen; /* (threads) in shared memory */

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

    __device__ static TwoLowest nothing(const Assignment& a) {
        return {{infinite(), 2 * a.size}, infinite()};
    }

    __device__ static void add(const Assignment& a, TwoLowest* two, int64_t column, double value) {
        *two = two_lowest_of(*two, {{value, a.rank[column]}, infinite()});
    }

    __device__ TwoLowest of_all(TwoLowest mine) const {
        seen[threadIdx.x] = mine;
        __syncthreads();
        for (unsigned step = blockDim.x / 2; step > 0; step /= 2) {
            if (threadIdx.x < step)
                seen[threadIdx.x] = two_lowest_of(seen[threadIdx.x], seen[threadIdx.x + step]);
            __syncthreads();
        }
        const TwoLowest all = seen[0];
        __syncthreads();
        return all;
    }
};

/* One block per cost matrix. */
__global__ void assign_rows(
    int32_t* match, double* scratch, const double* cost, int64_t T, int64_t N, double gate) {
    __shared__ TwoLowest seen[kMaxThreads];
    const int64_t b = blockIdx.x;
    const Assignment a = assignment_in(scratch + b * assignment_doubles(T, N), T, N);
    const bool turned = is_turned(T, N);
    const int64_t C = turned ? T : N;
    for (int64_t c = threadIdx.x; c < a.size; c += blockDim.x) {
        open_column(a, c);
        for (int64_t r = 0; r < a.rows; ++r) {
            const int64_t at = turned ? c * N + r : r * N + c;
            a.cost[r * a.size + c] = c < C ? relative_cost(cost[b * T * N + at], gate) : infinite();
        }
    }
    __syncthreads();
    BlockTeam team{seen};
    assign_all(team, a);
    for (int64_t t = threadIdx.x; t < T; t += blockDim.x)
        match[b * T + t] = turned ? a.owner[t] : a.match[t];
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
    const auto working = lay_out<AssignScratch>(scratch, B, T, N);
    unsigned threads = 32;
    while (threads < kMaxThreads && (threads < T || threads < N)) threads *= 2;
    return launch<assign_rows>({B, threads, 0, stream}, match, working.doubles, cost, T, N, gate);
}
#endif
