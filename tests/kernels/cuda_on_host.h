/* CUDA's device side on the host, for kernels/cuda/launch.cuh: a grid runs block by block, a
 * block's threads as coroutines that take turns at __syncthreads(), in any order that a test wants:
 * what a thread reads too early or too late, another order shows. What it cannot show: races
 * between single instructions, and how fast a GPU is.
 */
#ifndef POSETRACK_CUDA_ON_HOST_H
#define POSETRACK_CUDA_ON_HOST_H

#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
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

    struct Thread {
        ucontext_t context;
        std::vector<char> stack = std::vector<char>(kStack);
        bool done = false;
    };

    static Block& instance() {
        static Block block;
        return block;
    }

    void run(unsigned threads, const std::function<void()>& kernel) {
        body = &kernel;
        while (pool.size() < threads) pool.push_back(new Thread);
        for (unsigned i = 0; i < threads; ++i) start(*pool[i]);
        for (unsigned running = threads; running > 0;) {
            unsigned waiting = 0;
            for (const unsigned thread : turns(threads))
                if (current = thread; !pool[current]->done) {
                    swapcontext(&scheduler, &pool[current]->context);
                    waiting += !pool[current]->done;
                }
            if (waiting != 0 && waiting != running) std::abort(); /* a barrier that some missed */
            running = waiting;
        }
    }

    std::vector<unsigned> turns(unsigned threads) {
        std::vector<unsigned> all(threads);
        std::iota(all.begin(), all.end(), 0u);
        if (order == Order::kDescending) std::reverse(all.begin(), all.end());
        if (order == Order::kShuffled) std::shuffle(all.begin(), all.end(), random);
        return all;
    }

    void wait() { swapcontext(&pool[current]->context, &scheduler); }

    void start(Thread& thread) {
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.data();
        thread.context.uc_stack.ss_size = kStack;
        thread.context.uc_link = &scheduler;
        thread.done = false;
        makecontext(&thread.context, &Block::enter, 0);
    }

    static void enter() {
        Block& block = instance();
        (*block.body)();
        block.pool[block.current]->done = true;
    }

    ucontext_t scheduler;
    std::vector<Thread*> pool;
    const std::function<void()>* body = nullptr;
    unsigned current = 0;
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

inline void __syncthreads() { posetrack::Block::instance().wait(); }

namespace posetrack {

template <typename... Parameters, typename... Arguments>
void run(Grid grid, void (*kernel)(Parameters...), Arguments... arguments) {
    Block& block = Block::instance();
    /* as on a GPU, shared memory holds anything at first */
    block.shared.assign((size_t)grid.shared_bytes / sizeof(double) + 1, -1.2345e300);
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
