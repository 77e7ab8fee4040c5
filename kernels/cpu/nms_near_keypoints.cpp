#include "../shared/nms_near_keypoints.h"

#include <algorithm>
#include <limits>

#include "../include/posetrack_kernels.h"
#include "../shared/nms_oks_iou.h"

namespace posetrack {
namespace {

struct Poses {
    const float* keypoints; /* (N, K, 2) */
    const float* scores;    /* (N) */
    int64_t N, K;           /* N: how many poses count */
};

struct Scratch {
    float* x;         /* (K, N) of the same keypoints */
    float* y;         /* (K, N) */
    int32_t* near;    /* (N) */
    uint8_t* grouped; /* (N) */
};

/* Counts for each pose how many keypoints are near those of `pose`. */
void count_near(
    int32_t* __restrict near, const float* __restrict x, const float* __restrict y,
    const float* __restrict pose, float limit, int64_t N, int64_t K) {
    for (int64_t n = 0; n < N; ++n) near[n] = 0;
    for (int64_t k = 0; k < K; ++k) {
        const float* __restrict xs = x + k * N;
        const float* __restrict ys = y + k * N;
        const float pose_x = pose[2 * k], pose_y = pose[2 * k + 1];
        for (int64_t n = 0; n < N; ++n)
            near[n] += is_near(pose_x, pose_y, xs[n], ys[n], limit) ? 1 : 0;
    }
}

void transpose(const Scratch& scratch, const Poses& poses) {
    for (int64_t n = 0; n < poses.N; ++n)
        for (int64_t k = 0; k < poses.K; ++k) {
            const float* point = poses.keypoints + 2 * (n * poses.K + k);
            scratch.x[k * poses.N + n] = point[0];
            scratch.y[k * poses.N + n] = point[1];
        }
}

/* Writes the rows that stay, in the order of their groups; returns how many. */
int32_t walk(
    int32_t* rows, const Scratch& scratch, const Poses& poses, double distance,
    int64_t min_keypoints, bool relative) {
    int32_t count = 0;
    std::fill(scratch.grouped, scratch.grouped + poses.N, (uint8_t)0);
    for (int64_t n = 0; n < poses.N; ++n) {
        if (scratch.grouped[n]) continue;
        const float* pose = poses.keypoints + n * poses.K * 2;
        const float limit =
            relative ? relative_limit(pose, poses.K, distance) : absolute_limit(distance);
        count_near(scratch.near, scratch.x, scratch.y, pose, limit, poses.N, poses.K);
        int64_t best = -1;
        for (int64_t m = 0; m < poses.N; ++m)
            if (scratch.near[m] > min_keypoints &&
                beats(poses.scores[m], best < 0 ? nullptr : poses.scores + best))
                best = m;
        if (best < 0) continue;
        if (!scratch.grouped[best]) rows[count++] = (int32_t)best;
        for (int64_t m = 0; m < poses.N; ++m)
            if (scratch.near[m] > min_keypoints) scratch.grouped[m] = 1;
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

/* CPU: for one image the keypoints in columns, counts of near keypoints, and flags. CUDA: for all
 * images the best pose of each group, a bit for every pair of poses, and flags.
 */
size_t pt_nms_near_keypoints_scratch_bytes(int64_t B, int64_t N, int64_t K, int64_t cuda) {
    if (B < 0 || N < 0 || K < 0) return 0;
    const auto images = (size_t)B, poses = (size_t)N, words = (poses + 31) / 32;
    if (cuda == 0) return poses * ((size_t)K * 2 * sizeof(float) + sizeof(int32_t) + 1);
    return images * poses * (sizeof(int32_t) + words * sizeof(uint32_t) + 1);
}

pt_status pt_nms_near_keypoints_cpu(
    int32_t* rows, int32_t* count, void* scratch, const float* keypoints, const float* scores,
    const int32_t* counts, int64_t B, int64_t N, int64_t K, double distance, int64_t min_keypoints,
    int64_t relative) {
    if (B < 0 || N < 0 || K < 0 || N > std::numeric_limits<int32_t>::max())
        return PT_INVALID_ARGUMENT;
    if (!(distance >= 0) || min_keypoints < 0) return PT_INVALID_ARGUMENT;
    if (B == 0) return PT_OK;
    if (!count || (N > 0 && (!rows || !scratch || !scores))) return PT_INVALID_ARGUMENT;
    if (N > 0 && K > 0 && !keypoints) return PT_INVALID_ARGUMENT;
    auto* x = static_cast<float*>(scratch);
    auto* near = reinterpret_cast<int32_t*>(x + 2 * N * K);
    const Scratch working = {x, x + N * K, near, reinterpret_cast<uint8_t*>(near + N)};
    for (int64_t b = 0; b < B; ++b) {
        const int64_t valid = valid_rows(counts ? counts[b] : N, N);
        const Poses poses = {keypoints + b * N * K * 2, scores + b * N, valid, K};
        transpose(working, poses);
        count[b] = walk(rows + b * N, working, poses, distance, min_keypoints, relative != 0);
        std::fill(rows + b * N + count[b], rows + (b + 1) * N, -1);
    }
    return PT_OK;
}
