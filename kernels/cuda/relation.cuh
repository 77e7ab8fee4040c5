/* Whether every two rows of an image are related: a bit for each pair, 32 to a word. */
#ifndef POSETRACK_CUDA_RELATION_CUH
#define POSETRACK_CUDA_RELATION_CUH

#include "launch.cuh"

namespace posetrack {
namespace {

constexpr int64_t kWordBits = 32;
constexpr unsigned kRelating = 128; /* threads of a block that relates rows: those of whole words */

PT_HD int64_t words_of(int64_t N) { return (N + kWordBits - 1) / kWordBits; }

PT_HD bool has_bit(const uint32_t* words, int64_t i) {
    return (words[i / kWordBits] >> (i % kWordBits) & 1u) != 0;
}

/* Each thread's pair of rows, of a grid with one thread per bit of (B, N, words). */
struct Pair {
    int64_t word; /* among the words of all rows and images */
    int64_t image, first, second;
    bool exists; /* not so for spare bits of words and spare threads of blocks */
};

__device__ inline Pair pair_of_thread(int64_t images, int64_t N) {
    const int64_t i = (int64_t)blockIdx.x * kRelating + threadIdx.x;
    const int64_t words = words_of(N), word = i / kWordBits;
    const int64_t row = word / words, second = word % words * kWordBits + i % kWordBits;
    return {word, row / N, row % N, second, row < images * N && second < N};
}

/* Writes all words of a block; every thread calls it with its own pair. */
__device__ inline void write_relation(uint32_t* words, const Pair& pair, bool related) {
    __shared__ uint8_t flags[kRelating];
    flags[threadIdx.x] = pair.exists && related ? 1 : 0;
    __syncthreads();
    if (threadIdx.x % kWordBits != 0 || !pair.exists) return;
    uint32_t word = 0;
    for (int64_t bit = 0; bit < kWordBits; ++bit) word |= (uint32_t)flags[threadIdx.x + bit] << bit;
    words[pair.word] = word;
}

}  // namespace

#if !defined(__CUDACC_RTC__)
inline Grid relation_grid(int64_t images, int64_t N, void* stream) {
    return {blocks_for(images * N * words_of(N) * kWordBits, kRelating), kRelating, 0, stream};
}
#endif

}  // namespace posetrack

#endif
