#include "../shared/nms_near_keypoints.h"

#include <algorithm>

namespace posetrack {
namespace {

struct Poses {
    const float* keypoints; /* (N, K, 2) */
    const float* scores;    /* (N) */
    int64_t N, K;           /* N: how many poses count */
};

/* Working memory of one image. */
struct Working {
    float *x, *y;     /* (K, N) of the same keypoints */
    int32_t* near;    /* (N) how many keypoints are near those of the pose at work */
    uint8_t* grouped; /* (N) */

    Working(Scratch& scratch, int64_t N, int64_t K)
        : x(scratch.take<float>({K, N})),
          y(scratch.take<float>({K, N})),
          near(scratch.take<int32_t>({N})),
          grouped(scratch.take<uint8_t>({N})) {}
};

/* Counts for each pose how many keypoints are near those of `pose`. */
void count_near(
    int32_t* __restrict near, const float* __restrict x, const float* __restrict y,
    const float* __restrict pose, float squared, int64_t N, int64_t K) {
    for (int64_t n = 0; n < N; ++n) near[n] = 0;
    for (int64_t k = 0; k < K; ++k) {
        const float* __restrict xs = x + k * N;
        const float* __restrict ys = y + k * N;
        const float pose_x = pose[2 * k], pose_y = pose[2 * k + 1];
        for (int64_t n = 0; n < N; ++n)
            near[n] += is_near(pose_x, pose_y, xs[n], ys[n], squared) ? 1 : 0;
    }
}

void transpose(const Working& working, const Poses& poses) {
    for (int64_t n = 0; n < poses.N; ++n)
        for (int64_t k = 0; k < poses.K; ++k) {
            const float* point = poses.keypoints + 2 * (n * poses.K + k);
            working.x[k * poses.N + n] = point[0];
            working.y[k * poses.N + n] = point[1];
        }
}

/* Writes the rows that stay, in the order of their groups; returns how many. */
int32_t walk(
    int32_t* rows, const Working& working, const Poses& poses, double distance,
    int64_t min_keypoints, bool relative) {
    int32_t count = 0;
    std::fill_n(working.grouped, poses.N, (uint8_t)0);
    for (int64_t n = 0; n < poses.N; ++n) {
        if (working.grouped[n]) continue;
        const float* pose = poses.keypoints + n * poses.K * 2;
        const float limit =
            relative ? relative_limit(pose, poses.K, distance) : absolute_limit(distance);
        count_near(
            working.near, working.x, working.y, pose, squared_limit(limit), poses.N, poses.K);
        int64_t best = -1;
        for (int64_t m = 0; m < poses.N; ++m)
            if (working.near[m] > min_keypoints &&
                beats(poses.scores[m], best < 0 ? nullptr : poses.scores + best))
                best = m;
        if (best < 0) continue;
        if (!working.grouped[best]) rows[count++] = (int32_t)best;
        for (int64_t m = 0; m < poses.N; ++m)
            if (working.near[m] > min_keypoints) working.grouped[m] = 1;
    }
    return count;
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_nms_near_keypoints_scratch_bytes_cpu(int64_t B, int64_t N, int64_t K) {
    if (Check().sizes({{"B", B}, {"N", N}, {"K", K}}).status()) return -1;
    return scratch_bytes<Working>(N, K); /* one image after the other */
}

pt_status pt_nms_near_keypoints_cpu(
    int32_t* rows, int32_t* count, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* scores, const int32_t* counts, int64_t B, int64_t N, int64_t K, double distance,
    int64_t min_keypoints, int64_t relative) {
    const int64_t needed = pt_nms_near_keypoints_scratch_bytes_cpu(B, N, K);
    if (auto status = check_nms_near_keypoints(
            rows, count, scratch, scratch_bytes, needed, keypoints, scores, counts, B, N, K,
            distance, min_keypoints))
        return status;
    const auto working = lay_out<Working>(scratch, N, K);
    for (int64_t b = 0; b < B; ++b) {
        const int64_t valid = valid_rows(counts, b, N);
        const Poses poses = {keypoints + b * N * K * 2, scores + b * N, valid, K};
        transpose(working, poses);
        count[b] = walk(rows + b * N, working, poses, distance, min_keypoints, relative != 0);
        std::fill(rows + b * N + count[b], rows + (b + 1) * N, -1);
    }
    return PT_OK;
}
