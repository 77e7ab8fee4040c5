/* Tracks of people from frame to frame; include posetrack_kernels.h.
 *
 * These have no CUDA twin: a tracker works where its poses are wanted, on the host. A frame is
 * pt_predict_tracks, then pt_follow_poses; whatever else is known of where people went may change
 * the tracks in between.
 */
#ifndef POSETRACK_TRACKING_H
#define POSETRACK_TRACKING_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of a person but for the keypoints. The four numbers of the box, centre x, centre y,
 * width and height, move independently: each has a Kalman filter of its own, of position and
 * velocity.
 */
typedef struct pt_track {
    int64_t id;                  /* 1 or more */
    int64_t matches;             /* poses so far, the first one included */
    int64_t confirmed;           /* 1; 0: perhaps a person */
    double born_s;               /* time of the first match */
    double seen_s;               /* time of the last match */
    double score;                /* mean pose score; old ones slowly forgotten */
    double mean_keypoint_score;  /* likewise, over all K keypoints */
    double birth_center[2];      /* middle of the first pose's box, px */
    double position[4];          /* px */
    double velocity[4];          /* px/s */
    double position_variance[4]; /* px^2 */
    double covariance[4];        /* of position and velocity, px^2/s */
    double velocity_variance[4]; /* px^2/s^2 */
} pt_track;

#define PT_SCORES 400 /* that a tracker remembers */

/* What a tracker knows besides its tracks; all 0 at first, but for next_id, which is 1.
 *
 * A typical person's score is the median of the newest scores above 0, weighted by themselves, so
 * that any number of poor poses moves it little.
 */
typedef struct pt_tracker {
    int64_t next_id;
    int64_t tracks;                  /* how many rows of the tracks' arrays count */
    int64_t scores;                  /* how many of the scores below count */
    double birth;                    /* the score from which a pose started a track last */
    double confident;                /* likewise, from which it could choose any track */
    double confirm;                  /* the mean score that last made a track a clear person */
    double newest_scores[PT_SCORES]; /* oldest frame first, ascending in each frame */
    double ranked_scores[PT_SCORES]; /* the same, ascending */
} pt_tracker;

/* When a track begins, counts and ends, and what tells people apart; lengths are in box heights,
 * times in seconds.
 */
typedef struct pt_tracker_config {
    double center_walk;     /* change of the velocity of a box's centre within a second */
    double size_walk;       /* likewise of its width and height */
    double center_error;    /* error of a given box's centre */
    double size_error;      /* error of a given box's width and height */
    double center_speed;    /* usual speed of a new track's centre, a second */
    double size_speed;      /* likewise of its width and height */
    double coast_s;         /* one lost for longer is no longer expected to go on as it went */
    double lost_s;          /* one lost for longer is never matched by its place */
    double patience_s;      /* a confirmed track lost for longer ends */
    double tentative_s;     /* likewise one that is not */
    double birth_score;     /* a pose without a track starts one from this score on; NaN: learned */
    double confident_score; /* weaker poses get what tracks remain; NaN: learned */
    double birth_share;     /* of a typical person's score, where birth_score is learned */
    double confident_share; /* likewise */
    double confirm_share;   /* likewise, where confirm_score is learned */
    double double_oks;      /* a pose as alike to a better one is the same person */
    double oks_weight;      /* of 1 - keypoint similarity in the cost */
    double iou_weight;      /* of 1 - box overlap */
    double motion_weight;   /* of the distance from the predicted centre */
    double weak_gate;       /* a weak pose and a track that cost this much never match */
    double return_gate;     /* a pose returns to a track of such looks if they cost less */
    double returns_after_s; /* to a confirmed one lost for longer than this */
    double score_memory_s;  /* scores older than this count little in a mean */
    double keypoint_memory_s;           /* a keypoint not found for longer is forgotten */
    double confirm_s;                   /* first to last match before a track is confirmed, */
    double confirm_matches;             /* and how many there must be; */
    double confirm_score;               /* it needs this mean pose score (NaN: learned), */
    double confirm_mean_keypoint_score; /* and this mean keypoint score; */
    double moving_score;                /* or this mean pose score, */
    double moving_way; /* and to be this far from its birth, in sides of a square as its box */
} pt_tracker_config;

/* Moves tracks `step_s` ahead to `time_s`, and their keypoints along with the boxes. The velocity
 * of those that were last seen more than `coast_s` before fades: nobody knows any more where they
 * went.
 *
 * The noise is white acceleration: Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to
 * Tracking and Navigation", 2001, section 6.2.2.
 */
PT_HOST(
    pt_predict_tracks, pt_track* tracks, /* (T) */
    float* keypoints,                    /* (T, K, 2) */
    const pt_tracker_config* config,     /* (1) */
    int64_t T, int64_t K, double time_s, double step_s);

PT_HOST_SCRATCH(pt_track_costs, int64_t N, int64_t K);

/* How little each pose fits each track: the weighted mean of
 *
 *   - 1 - object keypoint similarity over the keypoints that both have, fewer than three counting
 * as three, on a scale that grows with the variance of the prediction,
 *   - 1 - intersection over union of predicted and given box,
 *   - the distance of the box's centre in the track's uncertainty,
 *   - `more_cost`, a sum of further costs that are weighted already.
 *
 * 1 where nothing is weighted; infinite for tracks lost longer than lost_s.
 */
PT_HOST(
    pt_track_costs, double* cost,         /* (T, N) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const pt_track* tracks,               /* (T) */
    const float* keypoints,               /* (T, K, 2) */
    const float* keypoint_scores,         /* (T, K) */
    const float* pose_keypoints,          /* (N, K, 2) */
    const float* pose_keypoint_scores,    /* (N, K) */
    const float* pose_boxes,              /* (N, 4) x1, y1, x2, y2 */
    const float* sigmas,                  /* (K) */
    const double* more_cost,              /* (T, N) of weight more_weight; NULL */
    const pt_tracker_config* config,      /* (1) */
    int64_t T, int64_t N, int64_t K, double time_s, double more_weight);

PT_HOST_SCRATCH(pt_follow_poses, int64_t C, int64_t N, int64_t K);

/* Gives the poses of a frame to tracks, starts tracks for others, and ends those lost too long.
 *
 *   - A pose that resembles one with a higher score is a double: it gets no track.
 *   - Costs are those of pt_track_costs, matches those of pt_assign: first of confident poses at
 *     `gate`, then of the weaker ones at weak_gate, among the tracks that are left. A weak pose is
 * often a person half hidden: worth something to a track that has no better one, if it fits well,
 * but never enough to take a track from a confident pose. ByteTrack, Zhang et al., ECCV 2022,
 * algorithm 1.
 *   - By `looks`, poses that could start a track return to confirmed tracks, wherever they are.
 *
 * `tracker->tracks` rows of the tracks' arrays are tracks; at most C - N, so that all poses may
 * start one.
 */
PT_HOST(
    pt_follow_poses, int64_t* track_ids,  /* (N) -1 for none */
    uint8_t* track_states,                /* (N) 0 none, 1 perhaps a person, 2 confirmed */
    int32_t* pose_rows,                   /* (N) row of the pose's track afterwards, -1 for none */
    int32_t* sources,                     /* (C) of each row afterwards: its row before, -1 - n if
                                             pose n started it */
    pt_tracker* tracker,                  /* (1) */
    pt_track* tracks,                     /* (C) */
    float* keypoints,                     /* (C, K, 2) */
    float* keypoint_scores,               /* (C, K) */
    double* keypoint_seen_s,              /* (C, K) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const float* pose_keypoints,          /* (N, K, 2) */
    const float* pose_keypoint_scores,    /* (N, K) */
    const float* pose_boxes,              /* (N, 4) x1, y1, x2, y2 */
    const float* pose_scores,             /* (N) */
    const float* sigmas,                  /* (K) */
    const double* more_cost,              /* (tracker->tracks, N) of weight more_weight; NULL */
    const double* looks,                  /* (tracker->tracks, N) in [0, 1]; NULL */
    const pt_tracker_config* config,      /* (1) */
    int64_t C, int64_t N, int64_t K, double time_s, double gate, double more_weight);

#ifdef __cplusplus
}
#endif

#endif
