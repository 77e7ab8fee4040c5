/* Which rows of an image are related: a bit for each pair, 32 to a word.
 *
 * A warp relates a row to all others, a lane each. The rows of a small image are related by the
 * block that walks through them; those of a larger one by a grid before it, each by a warp.
 */
#ifndef POSETRACK_CUDA_RELATION_CUH
#define POSETRACK_CUDA_RELATION_CUH

#include "warp.cuh"

namespace posetrack {
namespace {

constexpr int32_t kRelating = 256; /* threads of a block that relates rows or walks through them */
constexpr int32_t kRelatingWarps = kRelating / kWarp;
constexpr int32_t kSmall = 64; /* rows of an image that its one block relates, too */

PT_HD int32_t words_of(int32_t N) { return (int32_t)(((uint32_t)N + kWarp - 1) / kWarp); }

PT_HD bool has_bit(const uint32_t* words, uint32_t i) {
    return (words[i / kWarp] >> (i % kWarp) & 1u) != 0;
}

/* Clears words; all threads of the block call it. */
__device__ inline void clear_words(uint32_t* words, int32_t count) {
    PT_ROLLED
    for (int32_t word = (int32_t)threadIdx.x; word < count; word += (int32_t)blockDim.x)
        words[word] = 0;
    __syncthreads();
}

/* Sets the bits of `more` from word `first` on; a whole warp calls it, and may read them after. */
__device__ inline void add_words(
    uint32_t* words, const uint32_t* more, int32_t first, int32_t count) {
    PT_ROLLED
    for (int32_t word = first + lane_of_thread(); word < count; word += kWarp)
        words[word] |= more[word];
    __syncwarp();
}

/* The rows that a block relates. */
struct Rows {
    int32_t image, first, end;
};

/* In a grid that relates the rows of all images. */
__device__ inline Rows rows_of_block(int32_t N) {
    const int32_t blocks = (N + kRelatingWarps - 1) / kRelatingWarps;
    const int32_t image = (int32_t)blockIdx.x / blocks;
    const int32_t first = ((int32_t)blockIdx.x - image * blocks) * kRelatingWarps;
    return {image, first, first + kRelatingWarps < N ? first + kRelatingWarps : N};
}

/* Writes the words of a row, from that of row `first` on; a whole warp calls it. */
template <typename Related>
__device__ void relate_row(uint32_t* words, int32_t first, int32_t valid, Related related) {
    const int32_t lane = lane_of_thread();
    PT_ROLLED
    for (int32_t word = (int32_t)((uint32_t)first / kWarp); word * kWarp < valid; ++word) {
        const int32_t other = word * kWarp + lane;
        const uint32_t bits = ballot(other < valid && related(other));
        if (lane == 0) words[word] = bits;
    }
}

}  // namespace

#if !defined(__CUDACC_RTC__)
inline Grid relation_grid(int64_t images, int64_t N, void* stream) {
    return {images * blocks_for(N, kRelatingWarps), kRelating, 0, stream};
}
#endif

}  // namespace posetrack

#endif
