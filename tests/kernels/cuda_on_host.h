/* CUDA's device side on the host, for kernels/cuda/launch.cuh: a grid runs block by block, a
 * block's threads as coroutines that take turns at __syncthreads() and where a warp's lanes
 * exchange values, in any order that a test wants: what a thread reads too early or too late,
 * another order shows. What it cannot show: races between single instructions, and how fast a GPU
 * is.
 */
#ifndef POSETRACK_CUDA_ON_HOST_H
#define POSETRACK_CUDA_ON_HOST_H

#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __shared__ static
#define PT_DYNAMIC_SHARED(type, name) \
    type* name = reinterpret_cast<type*>(posetrack::Block::instance().shared.data())

namespace posetrack {

struct Index {
    unsigned x = 0;
};

enum class Order { kAscending, kDescending, kShuffled };

/* The block at work: one at a time, so its state is global. */
struct Block {
    static constexpr size_t kStack = 128 * 1024;
    static constexpr unsigned kLanes = 32;

    enum class State { kReady, kWithWarp, kWithBlock, kDone };

    struct Thread {
        ucontext_t context;
        std::vector<char> stack = std::vector<char>(kStack);
        State state = State::kReady;
        uint64_t given = 0; /* to the others, where they wait */
    };

    /* What the lanes of a warp gave when they last waited for each other. */
    struct Exchange {
        uint64_t given[kLanes];
        unsigned lanes; /* how many; a block's last warp may be smaller */
    };

    static Block& instance() {
        static Block block;
        return block;
    }

    void run(unsigned threads, const std::function<void()>& kernel) {
        body = &kernel;
        while (pool.size() < threads) pool.push_back(new Thread);
        exchanges.resize((threads + kLanes - 1) / kLanes);
        for (unsigned i = 0; i < threads; ++i) start(*pool[i]);
        for (unsigned running = threads; running > 0;) {
            do go_on(threads);
            while (release_warps(threads));
            const unsigned waiting = release_block(threads);
            if (waiting != 0 && waiting != running) std::abort(); /* a barrier that some missed */
            running = waiting;
        }
    }

    void go_on(unsigned threads) {
        for (const unsigned thread : turns(threads))
            if (current = thread; pool[current]->state == State::kReady)
                swapcontext(&scheduler, &pool[current]->context);
    }

    /* Lets those warps go on whose lanes all wait for each other; whether there are any. */
    bool release_warps(unsigned threads) {
        bool any = false;
        for (unsigned first = 0; first < threads; first += kLanes) {
            const unsigned end = std::min(first + kLanes, threads);
            unsigned waiting = 0;
            for (unsigned i = first; i < end; ++i) waiting += pool[i]->state == State::kWithWarp;
            if (waiting != end - first) continue;
            Exchange& exchange = exchanges[first / kLanes];
            exchange.lanes = waiting;
            for (unsigned i = first; i < end; ++i) {
                exchange.given[i - first] = pool[i]->given;
                pool[i]->state = State::kReady;
            }
            any = true;
        }
        return any;
    }

    /* Lets the threads at the barrier go on; how many there are. */
    unsigned release_block(unsigned threads) {
        unsigned waiting = 0;
        any_of_block = 0;
        for (unsigned i = 0; i < threads; ++i) {
            Thread& thread = *pool[i];
            if (thread.state == State::kWithWarp) std::abort(); /* some lanes did not come */
            if (thread.state == State::kDone) continue;
            ++waiting;
            any_of_block |= thread.given;
            thread.state = State::kReady;
        }
        return waiting;
    }

    std::vector<unsigned> turns(unsigned threads) {
        std::vector<unsigned> all(threads);
        std::iota(all.begin(), all.end(), 0u);
        if (order == Order::kDescending) std::reverse(all.begin(), all.end());
        if (order == Order::kShuffled) std::shuffle(all.begin(), all.end(), random);
        return all;
    }

    /* Waits until all threads of the block (or warp) do; each gives a value to the others. */
    void wait(State for_whom, uint64_t value) {
        Thread& thread = *pool[current];
        thread.state = for_whom;
        thread.given = value;
        swapcontext(&thread.context, &scheduler);
    }

    const Exchange& exchange(uint64_t value) {
        wait(State::kWithWarp, value);
        return exchanges[current / kLanes];
    }

    void start(Thread& thread) {
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.data();
        thread.context.uc_stack.ss_size = kStack;
        thread.context.uc_link = &scheduler;
        thread.state = State::kReady;
        makecontext(&thread.context, &Block::enter, 0);
    }

    static void enter() {
        Block& block = instance();
        (*block.body)();
        block.pool[block.current]->state = State::kDone;
    }

    ucontext_t scheduler;
    std::vector<Thread*> pool;
    std::vector<Exchange> exchanges; /* of the block's warps */
    uint64_t any_of_block = 0;       /* bits that a thread gave at the last barrier */
    const std::function<void()>* body = nullptr;
    unsigned current = 0;
    int grids = 0;                   /* that ran so far */
    Order order = Order::kAscending; /* of the threads, between two barriers */
    std::minstd_rand random;
    Index block, blocks, threads;
    std::vector<double> shared;
};

struct ThreadIndex {
    struct {
        operator unsigned() const { return Block::instance().current; }
    } x;
};

}  // namespace posetrack

#define threadIdx (posetrack::ThreadIndex{})
#define blockIdx posetrack::Block::instance().block
#define blockDim posetrack::Block::instance().threads
#define gridDim posetrack::Block::instance().blocks

inline void __syncthreads() {
    posetrack::Block::instance().wait(posetrack::Block::State::kWithBlock, 0);
}

inline int __syncthreads_or(int predicate) {
    posetrack::Block& block = posetrack::Block::instance();
    block.wait(posetrack::Block::State::kWithBlock, predicate != 0);
    return block.any_of_block != 0;
}

/* ---- a warp; all its lanes must be named, and come */

namespace posetrack {

inline const Block::Exchange& exchanged(unsigned lanes, uint64_t value) {
    if (lanes != 0xffffffffu) std::abort();
    return Block::instance().exchange(value);
}

}  // namespace posetrack

inline void __syncwarp() { posetrack::exchanged(0xffffffffu, 0); }

inline unsigned __ballot_sync(unsigned lanes, int predicate) {
    const auto& exchange = posetrack::exchanged(lanes, predicate != 0);
    unsigned votes = 0;
    for (unsigned lane = 0; lane < exchange.lanes; ++lane)
        votes |= (unsigned)exchange.given[lane] << lane;
    return votes;
}

template <typename Value>
Value __shfl_sync(unsigned lanes, Value value, int lane) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    const auto& exchange = posetrack::exchanged(lanes, bits);
    const unsigned from = (unsigned)lane % posetrack::Block::kLanes;
    if (from >= exchange.lanes) std::abort(); /* a lane that is not there */
    std::memcpy(&value, &exchange.given[from], sizeof value);
    return value;
}

template <typename Value>
Value __shfl_xor_sync(unsigned lanes, Value value, int bits) {
    return __shfl_sync(lanes, value, (int)threadIdx.x ^ bits);
}

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __ffs(unsigned bits) { return __builtin_ffs((int)bits); }

namespace posetrack {

template <typename... Parameters, typename... Arguments>
void run(Grid grid, void (*kernel)(Parameters...), Arguments... arguments) {
    Block& block = Block::instance();
    /* as on a GPU, shared memory holds anything at first */
    block.shared.assign((size_t)grid.shared_bytes / sizeof(double) + 1, -1.2345e300);
    ++block.grids;
    block.blocks.x = (unsigned)grid.blocks;
    block.threads.x = grid.threads;
    const std::function<void()> body = [&] { kernel(static_cast<Parameters>(arguments)...); };
    for (int64_t i = 0; i < grid.blocks; ++i) {
        block.block.x = (unsigned)i;
        block.run(grid.threads, body);
    }
}

template <auto kernel, typename... Arguments>
pt_status launch(Grid grid, Arguments... arguments) {
    constexpr int64_t room = 2 * kSharedUnasked;
    if (grid.blocks == 0) return PT_OK;
    if (!exists(grid) || grid.threads > 1024) return PT_INVALID_ARGUMENT;
    if (grid.shared_bytes > room) return refused_shared(grid.shared_bytes, room);
    run(grid, kernel, arguments...);
    return PT_OK;
}

}  // namespace posetrack

#endif
