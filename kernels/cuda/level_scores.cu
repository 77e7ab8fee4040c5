#include "../shared/level_scores.h"
#include "launch.cuh"

namespace posetrack {
namespace {

/* One block per image. */
__global__ void level_scores(float* levelled, int32_t* count, Levels all) {
    const int64_t b = blockIdx.x, valid = valid_rows(all.counts, b, all.N);
    float* row = levelled + b * all.N;
    for (int64_t n = threadIdx.x; n < all.N; n += blockDim.x)
        row[n] = n < valid ? levelled_score(all, b, n) : 0;
    __syncthreads();
    if (threadIdx.x == 0) count[b] = (int32_t)leading_values(row, valid, all.min_value, 0);
}

}  // namespace
}  // namespace posetrack

#if !defined(__CUDACC_RTC__)
using namespace posetrack;

pt_status pt_level_scores_cuda(
    float* levelled, int32_t* count, const float* values, const float* reference,
    const int32_t* counts, const int32_t* reference_counts, int64_t B, int64_t N, int64_t M,
    float factor, float min_value, void* stream) {
    const Levels all = {values, reference, counts, reference_counts, N, M, factor, min_value};
    if (auto status = check_level_scores(levelled, count, all, B)) return status;
    return launch<level_scores>({B, kThreads, 0, stream}, levelled, count, all);
}
#endif
