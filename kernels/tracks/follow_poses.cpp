#include <algorithm>

#include "correct_track.h"
#include "matching.h"
#include "score_scale.h"

namespace posetrack {
namespace {

constexpr uint8_t kUntracked = 0, kTentative = 1, kConfirmed = 2;

/* The tracks' arrays. */
struct TrackTable {
    pt_track* tracks;       /* (C) */
    float* keypoints;       /* (C, K, 2) */
    float* keypoint_scores; /* (C, K) */
    double* seen_s;         /* (C, K) */
    int64_t K;

    Keypoints at(int64_t t) const {
        return {keypoints + t * K * 2, keypoint_scores + t * K, seen_s + t * K};
    }

    void move(int64_t from, int64_t to) const {
        const Keypoints old = at(from), now = at(to);
        tracks[to] = tracks[from];
        std::copy(old.at, old.at + 2 * K, now.at);
        std::copy(old.scores, old.scores + K, now.scores);
        std::copy(old.seen_s, old.seen_s + K, now.seen_s);
    }
};

struct Frame {
    FramePoses poses;
    MoreCost more;
    const double* looks;
    double time_s, gate;
};

void match(
    const FrameScratch& scratch, const TrackTable& table, int64_t T, const Frame& frame,
    const pt_tracker& tracker, const pt_tracker_config& config) {
    const FramePoses& poses = frame.poses;
    const int64_t N = poses.N;
    for (int64_t n = 0; n < N; ++n) scratch.rows[n] = -1;
    for (int64_t t = 0; t < T; ++t) scratch.taken[t] = 0;
    spread_poses(scratch.lanes, poses);
    find_doubles(scratch.twice, poses, scratch.lanes, config.double_oks);
    const TrackView view = {table.tracks, table.keypoints, table.keypoint_scores, T};
    fill_costs(scratch.cost, view, poses, scratch.lanes, frame.more, frame.time_s, config);
    for (const bool confident : {true, false}) {
        const int64_t n = list_where(scratch.poses, N, [&](int64_t i) {
            return !scratch.twice[i] && (poses.scores[i] >= (float)tracker.confident) == confident;
        });
        const int64_t t = list_where(scratch.free, T, [&](int64_t i) { return !scratch.taken[i]; });
        match_some(scratch, scratch.cost, N, t, n, confident ? frame.gate : config.weak_gate);
    }
    if (!frame.looks) return;
    const int64_t n = list_where(scratch.poses, N, [&](int64_t i) {
        return !scratch.twice[i] && scratch.rows[i] < 0 && poses.scores[i] >= (float)tracker.birth;
    });
    const int64_t t = list_where(scratch.free, T, [&](int64_t i) {
        const double lost_s = frame.time_s - table.tracks[i].seen_s;
        return !scratch.taken[i] && table.tracks[i].confirmed && lost_s > config.returns_after_s &&
               lost_s <= config.patience_s;
    });
    match_some(scratch, frame.looks, N, t, n, config.return_gate);
}

/* Ends the tracks that went unmatched for too long; scratch.match has where the others went. */
int64_t end_tracks(
    const FrameScratch& scratch, int32_t* sources, const TrackTable& table, int64_t T,
    double time_s, const pt_tracker_config& config) {
    int64_t left = 0;
    for (int64_t t = 0; t < T; ++t) {
        const pt_track& track = table.tracks[t];
        const double patience_s = track.confirmed ? config.patience_s : config.tentative_s;
        const bool lives = time_s - track.seen_s <= patience_s;
        scratch.match[t] = lives ? (int32_t)left : -1;
        if (!lives) continue;
        if (left != t) table.move(t, left);
        sources[left++] = (int32_t)t;
    }
    return left;
}

/* Starts a track for each pose without one that is good enough, best first; the earlier of two as
 * good.
 */
void start_tracks(
    const FrameScratch& scratch, int32_t* sources, const TrackTable& table, const Frame& frame,
    pt_tracker& tracker, const pt_tracker_config& config) {
    const float* scores = frame.poses.scores;
    const int64_t born = list_where(scratch.poses, frame.poses.N, [&](int64_t i) {
        return !scratch.twice[i] && scratch.rows[i] < 0 && scores[i] >= (float)tracker.birth;
    });
    std::stable_sort(scratch.poses, scratch.poses + born, [&](int32_t a, int32_t b) {
        return scores[a] > scores[b];
    });
    for (int64_t i = 0; i < born; ++i) {
        const int64_t n = scratch.poses[i], t = tracker.tracks++;
        start_track(table.tracks[t], table.at(t), frame.poses, n, frame.time_s, config);
        table.tracks[t].id = tracker.next_id++;
        scratch.rows[n] = (int32_t)t;
        sources[t] = (int32_t)(-1 - n);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_follow_poses_scratch_bytes_cpu(int64_t C, int64_t N, int64_t K) {
    if (Check().sizes({{"C", C}, {"N", N}, {"K", K}}).status()) return -1;
    return scratch_bytes<FrameScratch>(C, N, K);
}

pt_status pt_follow_poses_cpu(
    int64_t* track_ids, uint8_t* track_states, int32_t* pose_rows, int32_t* sources,
    pt_tracker* tracker, pt_track* tracks, float* keypoints, float* keypoint_scores,
    double* keypoint_seen_s, void* scratch, int64_t scratch_bytes, const float* pose_keypoints,
    const float* pose_keypoint_scores, const float* pose_boxes, const float* pose_scores,
    const float* sigmas, const double* more_cost, const double* looks,
    const pt_tracker_config* config, int64_t C, int64_t N, int64_t K, double time_s, double gate,
    double more_weight) {
    const auto status =
        Check()
            .sizes({{"C", C}, {"N", N}, {"K", K}})
            .array("tracker", tracker, {1})
            .array("config", config, {1})
            .that(
                tracker && tracker->tracks >= 0 && tracker->tracks <= C - N,
                "tracker->tracks must be 0 to C - N")
            .that(is_finite(gate), "gate must be finite")
            .array("track_ids", track_ids, {N})
            .array("track_states", track_states, {N})
            .array("pose_rows", pose_rows, {N})
            .array("sources", sources, {C})
            .array("tracks", tracks, {C})
            .array("keypoints", keypoints, {C, K, 2})
            .array("keypoint_scores", keypoint_scores, {C, K})
            .array("keypoint_seen_s", keypoint_seen_s, {C, K})
            .scratch(scratch, scratch_bytes, pt_follow_poses_scratch_bytes_cpu(C, N, K))
            .array("pose_keypoints", pose_keypoints, {N, K, 2})
            .array("pose_keypoint_scores", pose_keypoint_scores, {N, K})
            .array("pose_boxes", pose_boxes, {N, 4})
            .array("pose_scores", pose_scores, {N})
            .array("sigmas", sigmas, {K})
            .status();
    if (status) return status;
    const auto working = lay_out<FrameScratch>(scratch, C, N, K);
    const TrackTable table = {tracks, keypoints, keypoint_scores, keypoint_seen_s, K};
    const FramePoses poses = {
        pose_keypoints, pose_keypoint_scores, pose_boxes, pose_scores, sigmas, N, K};
    const Frame frame = {poses, {more_cost, more_weight}, looks, time_s, gate};
    const int64_t T = tracker->tracks;
    learn_scores(*tracker, working.sorted, pose_scores, N, *config);
    match(working, table, T, frame, *tracker, *config);
    for (int64_t n = 0; n < N; ++n)
        if (const int64_t t = working.rows[n]; t >= 0)
            correct_track(tracks[t], table.at(t), poses, n, time_s, tracker->confirm, *config);
    tracker->tracks = end_tracks(working, sources, table, T, time_s, *config);
    for (int64_t n = 0; n < N; ++n)
        if (working.rows[n] >= 0) working.rows[n] = working.match[working.rows[n]];
    start_tracks(working, sources, table, frame, *tracker, *config);
    for (int64_t n = 0; n < N; ++n) {
        const int32_t row = pose_rows[n] = working.rows[n];
        track_ids[n] = row < 0 ? -1 : tracks[row].id;
        track_states[n] = row < 0 ? kUntracked : tracks[row].confirmed ? kConfirmed : kTentative;
    }
    return PT_OK;
}
