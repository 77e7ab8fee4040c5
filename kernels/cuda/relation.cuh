/* Whether every two rows of an image are related: a bit for each pair, 32 to a word. */
#ifndef POSETRACK_CUDA_RELATION_CUH
#define POSETRACK_CUDA_RELATION_CUH

#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int64_t kWordBits = 32;   /* as a warp has lanes */
constexpr unsigned kRelating = 128; /* threads of a block that relates rows: those of whole words */

PT_HD int64_t words_of(int64_t N) { return (N + kWordBits - 1) / kWordBits; }

PT_HD bool has_bit(const uint32_t* words, int64_t i) {
    return (words[i / kWordBits] >> (i % kWordBits) & 1u) != 0;
}

/* Clears words; all threads of the block call it. */
__device__ inline void clear_words(uint32_t* words, int64_t count) {
    for (int64_t word = threadIdx.x; word < count; word += blockDim.x) words[word] = 0;
    __syncthreads();
}

/* Sets the bits of `more` in `words`; a whole warp calls it, and may read them afterwards. */
__device__ inline void add_words(uint32_t* words, const uint32_t* more, int64_t count) {
    for (int64_t word = threadIdx.x % kWarp; word < count; word += kWarp) words[word] |= more[word];
    __syncwarp();
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
    const int64_t row = word / words, second = (word - row * words) * kWordBits + i % kWordBits;
    const int64_t image = row / N;
    return {word, image, row - image * N, second, row < images * N && second < N};
}

/* Writes the word of a warp, each of whose threads calls it with its own pair. */
__device__ inline void write_relation(uint32_t* words, const Pair& pair, bool related) {
    const uint32_t word = ballot(pair.exists && related);
    if (threadIdx.x % kWordBits == 0 && pair.exists) words[pair.word] = word;
}

}  // namespace

#if !defined(__CUDACC_RTC__)
inline Grid relation_grid(int64_t images, int64_t N, void* stream) {
    return {blocks_for(images * N * words_of(N) * kWordBits, kRelating), kRelating, 0, stream};
}
#endif

}  // namespace posetrack

#endif
