/* Which poses stay, in which order, and the copies of their arrays. */
#ifndef POSETRACK_SHARED_SELECT_POSES_H
#define POSETRACK_SHARED_SELECT_POSES_H

#include "scratch.h"

namespace posetrack {

struct Candidates {
    const float* scores;   /* (B, N) of the rows */
    const int32_t* rows;   /* (B, N) the candidates' rows, or null: candidate i is row i */
    const int32_t* counts; /* (B), or null */
    int64_t N;
    float min_score;
    bool ranked;
};

/* The row of candidate i of image b; -1 if it does not stay. */
PT_HD int64_t staying_row(const Candidates& all, int64_t b, int64_t i) {
    if (i >= valid_rows(all.counts, b, all.N)) return -1;
    const int64_t row = all.rows ? all.rows[b * all.N + i] : i;
    if (row < 0 || row >= all.N) return -1;
    return all.scores[b * all.N + row] > all.min_score ? row : -1;
}

/* Whether one of two candidates that stay comes before the other; none has a score of NaN. */
PT_HD bool is_taken_before(
    float score, int64_t candidate, float other_score, int64_t other, bool ranked) {
    if (ranked && score != other_score) return score > other_score;
    return candidate < other;
}

/* The arrays of all images, as they are given. */
struct GivenPoses {
    const float* keypoints;       /* (B, N, K, 2) */
    const float* keypoint_scores; /* (B, N, K), or null */
    const float* scores;          /* (B, N) */
    const float* boxes;           /* (B, N, 4), or null */
    int64_t K;
};

/* The same with M poses for each image. */
struct TakenPoses {
    float* keypoints;
    float* keypoint_scores; /* or null: not wanted */
    float* scores;
    float* boxes; /* likewise */
};

/* Keypoint k of place `to` is that of row `from`, both counted over all images; -1: 0. */
PT_HD void take_keypoint(
    const TakenPoses& taken, const GivenPoses& given, int64_t to, int64_t from, int64_t k) {
    const int64_t at = to * given.K + k, there = from * given.K + k;
    const bool none = from < 0;
    taken.keypoints[2 * at] = none ? 0.0f : given.keypoints[2 * there];
    taken.keypoints[2 * at + 1] = none ? 0.0f : given.keypoints[2 * there + 1];
    if (taken.keypoint_scores)
        taken.keypoint_scores[at] =
            none || !given.keypoint_scores ? 0.0f : given.keypoint_scores[there];
}

/* What else belongs to a pose. */
PT_HD void take_pose(const TakenPoses& taken, const GivenPoses& given, int64_t to, int64_t from) {
    taken.scores[to] = from < 0 ? 0.0f : given.scores[from];
    if (!taken.boxes) return;
    for (int32_t i = 0; i < 4; ++i)
        taken.boxes[4 * to + i] = from < 0 || !given.boxes ? 0.0f : given.boxes[4 * from + i];
}

#if !defined(__CUDACC_RTC__)
/* The candidates of one image that stay. Only the CPU twin needs them. */
struct StayingCandidates {
    int32_t* order;

    StayingCandidates(Scratch& scratch, int64_t N) : order(scratch.take<int32_t>({N})) {}
};

inline pt_status check_select_poses_sizes(int64_t N) { return Check().sizes({{"N", N}}).status(); }

inline pt_status check_select_poses(
    const TakenPoses& taken, const int32_t* taken_rows, const int32_t* count, const void* scratch,
    int64_t scratch_bytes, int64_t needed, const GivenPoses& given, const Candidates& all,
    int64_t B, int64_t M) {
    const int64_t N = all.N, K = given.K;
    if (auto status = check_select_poses_sizes(N)) return status;
    return Check()
        .sizes({{"B", B}, {"K", K}, {"M", M}})
        .that(!is_nan(all.min_score), "min_score must be a number")
        .array("taken_keypoints", taken.keypoints, {B, M, K, 2})
        .optional("taken_keypoint_scores", taken.keypoint_scores, {B, M, K})
        .array("taken_scores", taken.scores, {B, M})
        .optional("taken_boxes", taken.boxes, {B, M, 4})
        .array("taken_rows", taken_rows, {B, M})
        .array("count", count, {B})
        .array("keypoints", given.keypoints, {B, N, K, 2})
        .optional("keypoint_scores", given.keypoint_scores, {B, N, K})
        .array("scores", given.scores, {B, N})
        .optional("boxes", given.boxes, {B, N, 4})
        .optional("rows", all.rows, {B, N})
        .optional("counts", all.counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
