/* The score of a typical person among the poses so far. */
#ifndef POSETRACK_TRACKS_SCORE_SCALE_H
#define POSETRACK_TRACKS_SCORE_SCALE_H

#include <algorithm>

#include "../shared/check.h"

namespace posetrack {

inline void forget_oldest(pt_tracker& tracker) {
    double *newest = tracker.newest_scores, *ranked = tracker.ranked_scores;
    double *end = ranked + tracker.scores, *oldest = std::lower_bound(ranked, end, newest[0]);
    std::copy(oldest + 1, end, oldest);
    std::copy(newest + 1, newest + tracker.scores, newest);
    --tracker.scores;
}

inline void remember(pt_tracker& tracker, double score) {
    if (tracker.scores == PT_SCORES) forget_oldest(tracker);
    double *ranked = tracker.ranked_scores, *end = ranked + tracker.scores;
    double* at = std::upper_bound(ranked, end, score);
    std::copy_backward(at, end, end + 1);
    *at = score;
    tracker.newest_scores[tracker.scores++] = score;
}

/* -infinity as long as no score counts. */
inline double typical_score(const pt_tracker& tracker) {
    double total = 0.0, so_far = 0.0;
    for (int64_t i = 0; i < tracker.scores; ++i) total += tracker.ranked_scores[i];
    for (int64_t i = 0; i < tracker.scores; ++i) {
        so_far += tracker.ranked_scores[i];
        if (so_far >= total / 2) return tracker.ranked_scores[i];
    }
    return -infinite();
}

/* Takes in the scores of a frame's poses, in any order; those that are not above 0 do not count. */
inline void learn_scores(
    pt_tracker& tracker, double* sorted, const float* scores, int64_t N,
    const pt_tracker_config& config) {
    int64_t count = 0;
    for (int64_t n = 0; n < N; ++n)
        if (scores[n] > 0.0f) sorted[count++] = scores[n];
    std::sort(sorted, sorted + count);
    for (int64_t i = count > PT_SCORES ? count - PT_SCORES : 0; i < count; ++i)
        remember(tracker, sorted[i]);
    const bool given = !is_nan(config.birth_score) && !is_nan(config.confident_score);
    const bool clear = !is_nan(config.confirm_score);
    const double typical = given && clear ? 0.0 : typical_score(tracker);
    tracker.birth = given ? config.birth_score : config.birth_share * typical;
    tracker.confident = given ? config.confident_score : config.confident_share * typical;
    tracker.confirm = clear ? config.confirm_score : config.confirm_share * typical;
}

}  // namespace posetrack

#endif
