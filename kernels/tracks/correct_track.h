/* Takes a pose into its track. */
#ifndef POSETRACK_TRACKS_CORRECT_TRACK_H
#define POSETRACK_TRACKS_CORRECT_TRACK_H

#include <algorithm>

#include "box_motion.h"
#include "similarity.h"

namespace posetrack {

/* What is known of each keypoint of one track. */
struct Keypoints {
    float* at;      /* (K, 2) */
    float* scores;  /* (K) */
    double* seen_s; /* (K) */
};

inline double mean_of(const float* scores, int64_t K) {
    double sum = 0.0;
    for (int64_t k = 0; k < K; ++k) sum += scores[k];
    return sum / (double)K;
}

/* Takes the keypoints that were found; the others stay where they should be for a while. */
inline void correct_keypoints(
    Keypoints known, const FramePoses& poses, int64_t n, double time_s, double memory_s) {
    const int64_t K = poses.K;
    const float *found = poses.keypoints + n * K * 2, *scores = poses.keypoint_scores + n * K;
    for (int64_t k = 0; k < K; ++k) {
        if (scores[k] > 0.0f) {
            known.at[2 * k] = found[2 * k];
            known.at[2 * k + 1] = found[2 * k + 1];
            known.scores[k] = scores[k];
            known.seen_s[k] = time_s;
        } else if (!(time_s - known.seen_s[k] <= memory_s)) {
            known.scores[k] = 0.0f;
        }
    }
}

/* Way from the place of birth, in sides of a square as large as the box. */
inline double moved(const pt_track& track) {
    const double x = track.position[0] - track.birth_center[0];
    const double y = track.position[1] - track.birth_center[1];
    return sqrt(square(x) + square(y)) / sqrt(track.position[2] * track.position[3]);
}

/* Whether it counts as a person; `clear_score` is the mean pose score of a clear one. */
inline bool has_earned_it(
    const pt_track& track, double clear_score, const pt_tracker_config& config) {
    const bool clear = track.score >= clear_score &&
                       track.mean_keypoint_score >= config.confirm_mean_keypoint_score;
    return track.seen_s - track.born_s >= config.confirm_s &&
           (double)track.matches >= config.confirm_matches &&
           (clear || (track.score >= config.moving_score && moved(track) >= config.moving_way));
}

inline void correct_track(
    pt_track& track, Keypoints known, const FramePoses& poses, int64_t n, double time_s,
    double clear_score, const pt_tracker_config& config) {
    correct(track, poses.boxes + 4 * n, config.center_error, config.size_error);
    ++track.matches;
    /* a plain mean at first; later an exponential one, by time and not by number of poses */
    const double age = (track.seen_s - time_s) / config.score_memory_s;
    const double forgotten = 1.0 - exp_of_negative_double(age);
    const double share = larger_of(1.0 / (double)track.matches, forgotten);
    const double mean = mean_of(poses.keypoint_scores + n * poses.K, poses.K);
    track.score += share * (poses.scores[n] - track.score);
    track.mean_keypoint_score += share * (mean - track.mean_keypoint_score);
    track.seen_s = time_s;
    correct_keypoints(known, poses, n, time_s, config.keypoint_memory_s);
    if (has_earned_it(track, clear_score, config)) track.confirmed = 1;
}

/* A new track, at rest, but not surely. */
inline void start_track(
    pt_track& track, Keypoints known, const FramePoses& poses, int64_t n, double time_s,
    const pt_tracker_config& config) {
    const SeenBox seen(poses.boxes + 4 * n);
    const Noise error(config.center_error, config.size_error, seen.of[3]);
    const Noise speed(config.center_speed, config.size_speed, seen.of[3]);
    track = pt_track{};
    track.matches = 1;
    track.born_s = track.seen_s = time_s;
    track.score = poses.scores[n];
    track.mean_keypoint_score = mean_of(poses.keypoint_scores + n * poses.K, poses.K);
    for (int i = 0; i < 2; ++i) track.birth_center[i] = seen.of[i];
    for (int i = 0; i < 4; ++i) {
        track.position[i] = seen.of[i];
        track.position_variance[i] = error.of[i];
        track.velocity_variance[i] = speed.of[i];
    }
    const float* found = poses.keypoints + n * poses.K * 2;
    std::copy(found, found + 2 * poses.K, known.at);
    const float* scores = poses.keypoint_scores + n * poses.K;
    std::copy(scores, scores + poses.K, known.scores);
    std::fill(known.seen_s, known.seen_s + poses.K, time_s);
}

}  // namespace posetrack

#endif
