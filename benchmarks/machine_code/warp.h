/* A GPU's warps on the host: what the machine code that to_cpp.py translates works on.
 *
 * A warp's lanes that stand at the lowest address go on together. As on GPUs since Volta, BSSY
 * notes which lanes must meet again at a BSYNC. Every issue of an instruction is counted.
 */
#ifndef POSETRACK_BENCHMARKS_WARP_H
#define POSETRACK_BENCHMARKS_WARP_H

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace machine {

constexpr int kLanes = 32;
constexpr int kBarriers = 17; /* those of BSYNC, and one where all lanes meet */
constexpr uint32_t kStop = ~0u;

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "the machine code cannot be run on: %s\n", what);
    std::abort();
}

/* What the warps of a block share. */
struct Block {
    std::vector<unsigned char> shared;
    unsigned char constants[4096]; /* bank 0: sizes of the launch, then the kernel's arguments */
    uint32_t index;
    uint32_t votes,
        result; /* at this barrier so far, at the last one: whether a thread's is true */
};

struct Warp {
    alignas(64) uint32_t r[256][kLanes]; /* registers; the last is always 0 */
    uint32_t u[64];                      /* uniform registers; the last is always 0 */
    uint32_t p[8];                       /* a bit a lane; the last is always true */
    bool up[8];
    uint32_t pc[kLanes];           /* where the lanes go on that do not work now */
    uint32_t live, ready, arrived; /* lanes: not ended; able to go on; at the block's barrier */
    uint32_t mask;                 /* lanes that work now */
    uint32_t members[kBarriers][kLanes]; /* whom a lane meets at a BSYNC */
    uint32_t waiting[kBarriers];
    uint32_t first_thread;
    uint64_t issued;
    Block* block;
    std::vector<unsigned char> stack[kLanes];

    void start(Block& of, unsigned first, unsigned threads, int64_t stack_bytes) {
        std::memset(r, 0xa5, sizeof r); /* as on a GPU, registers hold anything at first */
        std::memset(r[255], 0, sizeof r[255]);
        std::memset(u, 0xa5, sizeof u);
        u[63] = 0;
        for (int i = 0; i < 8; ++i) p[i] = i == 7 ? ~0u : 0, up[i] = i == 7;
        for (int l = 0; l < kLanes; ++l) {
            pc[l] = 0;
            stack[l].assign((size_t)stack_bytes, 0xa5);
        }
        std::memset(waiting, 0, sizeof waiting);
        live = ready = threads >= kLanes ? ~0u : (1u << threads) - 1;
        arrived = mask = 0;
        first_thread = first;
        issued = 0;
        block = &of;
    }

    /* The lanes to go on with: those of the lowest address. */
    uint32_t next() {
        uint32_t lowest = kStop;
        for (uint32_t b = ready; b; b &= b - 1)
            if (const uint32_t at = pc[__builtin_ctz(b)]; at < lowest) lowest = at;
        mask = 0;
        for (uint32_t b = ready; b; b &= b - 1)
            if (const int l = __builtin_ctz(b); pc[l] == lowest) mask |= 1u << l;
        if (!ready && arrived != live) fail("lanes wait for lanes that do not come");
        return lowest;
    }

    /* Lanes that wait at an address join those that come to it. */
    void join(uint32_t at) {
        if (mask == ready) return;
        for (uint32_t b = ready & ~mask; b; b &= b - 1)
            if (const int l = __builtin_ctz(b); pc[l] == at) mask |= 1u << l;
    }

    void place(uint32_t lanes, uint32_t at) {
        for (uint32_t b = lanes; b; b &= b - 1) pc[__builtin_ctz(b)] = at;
    }

    uint32_t jump(uint32_t taken, uint32_t target, uint32_t following) {
        if (mask == ready && taken == mask) return target;
        if (mask == ready && taken == 0) return following;
        place(mask & ~taken, following);
        place(taken, target);
        return next();
    }

    void begin_region(int barrier) {
        for (uint32_t b = mask; b; b &= b - 1) members[barrier][__builtin_ctz(b)] = mask;
    }

    void leave_region(int barrier, uint32_t lanes) {
        for (uint32_t b = lanes; b; b &= b - 1) {
            const int l = __builtin_ctz(b);
            for (uint32_t all = members[barrier][l]; all; all &= all - 1)
                members[barrier][__builtin_ctz(all)] &= ~(1u << l);
        }
        settle();
    }

    /* Lets lanes go on whose company has come to their BSYNC, left or ended. */
    void settle() {
        for (int i = 0; i < kBarriers; ++i)
            for (uint32_t b = waiting[i]; b; b &= b - 1) {
                const int l = __builtin_ctz(b);
                const uint32_t company = members[i][l] & live;
                if (!(waiting[i] >> l & 1) || (company & ~waiting[i])) continue;
                waiting[i] &= ~company;
                ready |= company;
            }
    }

    uint32_t end_region(int barrier, uint32_t lanes, uint32_t following) {
        place(mask, following);
        waiting[barrier] |= lanes;
        ready &= ~lanes;
        settle();
        return next();
    }

    /* WARPSYNC: all lanes of the warp. */
    uint32_t meet(uint32_t following) {
        for (uint32_t b = mask; b; b &= b - 1) members[kBarriers - 1][__builtin_ctz(b)] = ~0u;
        return end_region(kBarriers - 1, mask, following);
    }

    uint32_t wait_for_block(uint32_t following) {
        place(mask, following);
        arrived |= mask;
        ready &= ~mask;
        return next();
    }

    uint32_t end(uint32_t lanes, uint32_t following) {
        place(mask, following);
        live &= ~lanes;
        ready &= ~lanes;
        settle();
        return next();
    }

    void all_together() const {
        if (mask != live) fail("lanes of a warp must work together here");
    }

    bool lane_has(int predicate, int lane) const { return p[predicate] >> lane & 1; }

    void set(int predicate, int lane, bool value) {
        if (predicate == 7) return;
        p[predicate] = (p[predicate] & ~(1u << lane)) | (uint32_t)value << lane;
    }

    void set_uniform(int predicate, bool value) {
        if (predicate != 7) up[predicate] = value;
    }

    template <typename Value>
    Value constant(uint32_t at) const {
        Value value;
        if (at + sizeof value > sizeof block->constants) fail("constants are out of range");
        std::memcpy(&value, block->constants + at, sizeof value);
        return value;
    }

    unsigned char* shared(uint32_t at, size_t size) const {
        if (at % size != 0 || at + size > block->shared.size()) fail("shared memory out of range");
        return block->shared.data() + at;
    }

    unsigned char* local(int lane, uint32_t at, size_t size) {
        if (at % size != 0 || at + size > stack[lane].size()) fail("the stack is out of range");
        return stack[lane].data() + at;
    }

    static unsigned char* global(uint64_t at, size_t size) {
        if (at % size != 0) fail("an address is not aligned");
        return reinterpret_cast<unsigned char*>(at);
    }
};

/* ---- bits and numbers */

template <typename To, typename From>
inline To as(From value) {
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline uint64_t wide(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }
inline double real(uint32_t low, uint32_t high) { return as<double>(wide(low, high)); }

/* a + b + carry as IADD3 adds: what does not fit 32 bits is the carry. -x is ~x + 1. */
inline uint64_t negated(uint32_t x) { return (uint64_t)(uint32_t)~x + 1; }

inline uint32_t looked_up(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
    uint32_t out = 0;
    for (int i = 0; i < 8; ++i)
        if (table >> i & 1) out |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    return out;
}

inline uint32_t reversed(uint32_t x) {
    uint32_t out = 0;
    for (int i = 0; i < 32; ++i) out |= (x >> i & 1) << (31 - i);
    return out;
}

inline uint32_t permuted(uint32_t a, uint32_t selector, uint32_t b) {
    const uint64_t bytes = wide(a, b);
    uint32_t out = 0;
    for (int i = 0; i < 4; ++i) {
        const uint32_t pick = selector >> (4 * i) & 15;
        uint32_t byte = (uint32_t)(bytes >> (8 * (pick & 7))) & 255;
        if (pick & 8) byte = byte & 128 ? 255 : 0; /* the sign of the byte */
        out |= byte << (8 * i);
    }
    return out;
}

inline uint32_t shift_left(uint32_t x, uint32_t by) { return by > 31 ? 0 : x << by; }
inline uint32_t shift_right(uint32_t x, uint32_t by) { return by > 31 ? 0 : x >> by; }
inline uint32_t shift_signed(uint32_t x, uint32_t by) {
    return (uint32_t)((int32_t)x >> (by > 31 ? 31 : by));
}
inline uint64_t shift_left_64(uint64_t x, uint32_t by) { return by > 63 ? 0 : x << by; }
inline uint64_t shift_right_64(uint64_t x, uint32_t by) { return by > 63 ? 0 : x >> by; }
inline uint64_t shift_signed_64(uint64_t x, uint32_t by) {
    return (uint64_t)((int64_t)x >> (by > 63 ? 63 : by));
}

/* The lower or, unless `low`, the higher value; NaN only if both are, or with `spread` if one is.
 */
template <typename Real>
inline Real extreme(Real a, Real b, bool low, bool spread) {
    if (a != a || b != b) {
        if (spread) return a != a ? a : b;
        return a != a ? b : a;
    }
    if (a == b) return std::signbit(a) == low ? a : b;
    return (a < b) == low ? a : b;
}

/* Whole numbers from reals: out of range the nearest, NaN 0. */
template <typename Whole, typename Real>
inline Whole whole(Real x) {
    const Real end = std::ldexp((Real)1, (int)(8 * sizeof(Whole)) - (Whole(-1) < Whole(0) ? 1 : 0));
    const Whole most =
        Whole(-1) < Whole(0) ? (Whole)((uint64_t)-1 >> (65 - 8 * sizeof(Whole))) : (Whole)-1;
    if (x != x) return 0;
    if (x >= end) return most;
    if (Whole(-1) < Whole(0) ? x < -end : x <= -1) return (Whole)(~most);
    return (Whole)x;
}

/* Computes with another direction of rounding. */
template <typename Run>
__attribute__((noinline)) auto rounded(int direction, Run run) {
    const int before = std::fegetround();
    std::fesetround(direction);
    auto value = run();
    std::fesetround(before);
    return value;
}

/* FCHK: whether a / b needs more than Newton's steps. */
inline bool needs_slow_division(float a, float b) {
    if (!std::isnormal(b) || !(std::isnormal(a) || a == 0)) return true;
    const int above = std::ilogb(b), of = a == 0 ? 0 : std::ilogb(a);
    return above < -126 || above > 125 || of < -100 || of - above > 125 || of - above < -124;
}

inline uint32_t high_of(double x) { return (uint32_t)(as<uint64_t>(x) >> 32); }

/* ---- kernels */

struct Kernel {
    const char* name;
    void (*run)(Warp&);
    uint64_t* issued; /* (instructions) by warps */
    uint64_t* lanes;  /* (instructions) that worked */
    int instructions;
    int64_t shared_bytes, stack_bytes;
    uint32_t shared_base, arguments_at;
    Kernel* next;

    static Kernel*& first() {
        static Kernel* kernel = nullptr;
        return kernel;
    }
};

}  // namespace machine

#endif
