/* How little a pose fits a track, by three kinds of evidence; each cost lies in [0, 1]. */
#ifndef POSETRACK_TRACKS_COSTS_H
#define POSETRACK_TRACKS_COSTS_H

#include "../shared/iou_cost.h"
#include "box_motion.h"
#include "similarity.h"

namespace posetrack {

/* In box heights, of a prediction. Where somebody left the picture, somebody else may enter it at
 * the other side: the uncertainty of seconds would reach that far.
 */
constexpr double kMostSpread = 0.6;

/* The 95 % quantile of chi for two degrees of freedom, as DeepSORT gates (Wojke et al., ICIP 2017).
 */
constexpr double kFar = 2.4477;
constexpr double kBoxError = 0.1; /* box heights; how exact the centre of a given box is */

/* Mean of the squares of 2 sigma. */
inline double tolerance_of(const float* sigmas, int64_t K) {
    double sum = 0.0;
    for (int64_t k = 0; k < K; ++k) sum += square((double)sigmas[k]);
    return 4 * sum / (double)K;
}

/* The scale of similarity to a track: its box, and as if the prediction's uncertainty, along and
 * across, were added to every sigma. A person lost for a second may be further off, but not
 * anywhere.
 */
inline float area_of(const pt_track& track, double tolerance) {
    const double most = square(kMostSpread * track.position[3]);
    const double spread = smaller_of(track.position_variance[0], most);
    return (float)(kAreaShare * track.position[2] * track.position[3] + 2 * spread / tolerance);
}

inline double oks_cost(const LanesScratch& lanes, int64_t n) {
    return 1.0 - smaller_of(common_similarity(lanes.pose(n), lanes.track(), lanes), 1.0);
}

inline double motion_cost(const pt_track& track, Box box) {
    const double error = square(kBoxError * (box.y2 - box.y1));
    const double x = (box.x1 + box.x2) / 2 - track.position[0];
    const double y = (box.y1 + box.y2) / 2 - track.position[1];
    const double far = square(x) / (track.position_variance[0] + error) +
                       square(y) / (track.position_variance[1] + error);
    return smaller_of(sqrt(far) / kFar, 1.0);
}

struct TrackView {
    const pt_track* tracks;       /* (T) */
    const float* keypoints;       /* (T, K, 2) */
    const float* keypoint_scores; /* (T, K) */
    int64_t T;
};

/* Costs from elsewhere, weighted already. */
struct MoreCost {
    const double* cost; /* (T, N) or NULL */
    double weight;
};

/* Adds the weighted costs of track t with every pose to a row. */
inline void add_costs(
    double* row, const TrackView& view, int64_t t, const FramePoses& poses,
    const LanesScratch& lanes, double tolerance, const pt_tracker_config& config) {
    const pt_track& track = view.tracks[t];
    const int64_t K = poses.K;
    if (config.oks_weight != 0.0) {
        spread(lanes.track(), view.keypoints + t * K * 2, view.keypoint_scores + t * K, K);
        lanes.set_area(area_of(track, tolerance), poses.sigmas, K);
        for (int64_t n = 0; n < poses.N; ++n) row[n] += config.oks_weight * oks_cost(lanes, n);
    }
    const Box box = box_of(track);
    if (config.iou_weight != 0.0)
        for (int64_t n = 0; n < poses.N; ++n)
            row[n] += config.iou_weight * iou_cost(box, box_at(poses.boxes + 4 * n));
    if (config.motion_weight != 0.0)
        for (int64_t n = 0; n < poses.N; ++n)
            row[n] += config.motion_weight * motion_cost(track, box_at(poses.boxes + 4 * n));
}

/* The weighted mean of all costs (T, N); infinite for tracks lost too long. The poses are spread in
 * the lanes.
 */
inline void fill_costs(
    double* cost, const TrackView& view, const FramePoses& poses, const LanesScratch& lanes,
    MoreCost more, double time_s, const pt_tracker_config& config) {
    const int64_t N = poses.N;
    const double own = config.oks_weight + config.iou_weight + config.motion_weight;
    const double total = own + more.weight, tolerance = tolerance_of(poses.sigmas, poses.K);
    for (int64_t t = 0; t < view.T; ++t) {
        double* row = cost + t * N;
        const bool lost = !(time_s - view.tracks[t].seen_s <= config.lost_s);
        for (int64_t n = 0; n < N; ++n)
            row[n] = lost ? infinite() : more.cost ? more.cost[t * N + n] : 0.0;
        if (lost) continue;
        add_costs(row, view, t, poses, lanes, tolerance, config);
        for (int64_t n = 0; n < N; ++n) row[n] = total > 0.0 ? row[n] / total : 1.0;
    }
}

}  // namespace posetrack

#endif
