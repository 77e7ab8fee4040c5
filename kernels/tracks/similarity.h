/* How alike two poses are, over the keypoints that both have. */
#ifndef POSETRACK_TRACKS_SIMILARITY_H
#define POSETRACK_TRACKS_SIMILARITY_H

#include "../shared/oks.h"
#include "../shared/scratch.h"

namespace posetrack {

constexpr float kFewestCommon =
    3.0f; /* poses with fewer keypoints in common count as having three */

/* How much of a box its person covers: the mean of segment over box area in COCO. */
constexpr double kAreaShare = 0.53;

constexpr int64_t kKeypointsTogether = 8;

inline int64_t padded_keypoints(int64_t K) {
    return (K + kKeypointsTogether - 1) / kKeypointsTogether * kKeypointsTogether;
}

/* The poses of a frame. */
struct FramePoses {
    const float* keypoints;       /* (N, K, 2) */
    const float* keypoint_scores; /* (N, K) */
    const float* boxes;           /* (N, 4) */
    const float* scores;          /* (N) */
    const float* sigmas;          /* (K) */
    int64_t N, K;
};

/* Keypoints of one pose side by side: P is K, padded with ones that are not there. */
struct Lanes {
    float* x;     /* (P) */
    float* y;     /* (P) */
    float* there; /* (P) 1 or 0 */
};

inline void spread(Lanes lanes, const float* keypoints, const float* scores, int64_t K) {
    for (int64_t k = 0; k < K; ++k) {
        lanes.x[k] = keypoints[2 * k];
        lanes.y[k] = keypoints[2 * k + 1];
        lanes.there[k] = (float)is_present(scores[k]);
    }
    for (int64_t k = K; k < padded_keypoints(K); ++k)
        lanes.x[k] = lanes.y[k] = lanes.there[k] = 0.0f;
}

/* What poses are compared in. */
struct LanesScratch {
    float* poses; /* (N, 3, P) */
    float* known; /* (3, P) */
    float* scale; /* (P) */
    int64_t P;

    LanesScratch(Scratch& scratch, int64_t N, int64_t K)
        : poses(scratch.take<float>({N, 3, padded_keypoints(K)})),
          known(scratch.take<float>({3, padded_keypoints(K)})),
          scale(scratch.take<float>({padded_keypoints(K)})),
          P(padded_keypoints(K)) {}

    Lanes pose(int64_t n) const { return at(poses + n * 3 * P); }
    Lanes track() const { return at(known); }

    /* Similarity is from now on scaled by the area of a person. */
    void set_area(float area, const float* sigmas, int64_t K) const {
        for (int64_t k = 0; k < P; ++k)
            scale[k] = k < K && has_area(area) ? -1.0f / keypoint_variance(area, sigmas[k])
                                               : lowest_float();
    }

  private:
    Lanes at(float* first) const { return {first, first + P, first + 2 * P}; }
};

inline void spread_poses(const LanesScratch& lanes, const FramePoses& poses) {
    for (int64_t n = 0; n < poses.N; ++n)
        spread(
            lanes.pose(n), poses.keypoints + n * poses.K * 2, poses.keypoint_scores + n * poses.K,
            poses.K);
}

/* 0 without an area: then every exponent is -infinite or NaN. */
inline double common_similarity(Lanes a, Lanes b, const LanesScratch& lanes) {
    float sums[kKeypointsTogether] = {}, counts[kKeypointsTogether] = {};
    for (int64_t first = 0; first < lanes.P; first += kKeypointsTogether)
#pragma omp simd
        for (int64_t l = 0; l < kKeypointsTogether; ++l) {
            const int64_t k = first + l;
            const float dx = a.x[k] - b.x[k], dy = a.y[k] - b.y[k];
            const float both = a.there[k] * b.there[k];
            sums[l] += both * exp_of_negative((dx * dx + dy * dy) * lanes.scale[k]);
            counts[l] += both;
        }
    float sum = 0.0f, common = 0.0f;
    for (int64_t l = 0; l < kKeypointsTogether; ++l) {
        sum += sums[l];
        common += counts[l];
    }
    return (double)sum / (double)(common > kFewestCommon ? common : kFewestCommon);
}

}  // namespace posetrack

#endif
