#include "box_motion.h"

namespace posetrack {
namespace {

constexpr double kSlowing_s = 0.3; /* in which a velocity that fades falls to 37 % */

/* Keypoints keep their places in the box. */
void carry(float* keypoints, int64_t K, const double* before, const double* after) {
    const double wider = after[2] / before[2], higher = after[3] / before[3];
    for (int64_t k = 0; k < K; ++k) {
        float* at = keypoints + 2 * k;
        at[0] = (float)((at[0] - before[0]) * wider + after[0]);
        at[1] = (float)((at[1] - before[1]) * higher + after[1]);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

pt_status pt_predict_tracks_cpu(
    pt_track* tracks, float* keypoints, const pt_tracker_config* config, int64_t T, int64_t K,
    double time_s, double step_s) {
    const auto status = Check()
                            .sizes({{"T", T}, {"K", K}})
                            .that(step_s >= 0.0, "step_s must be at least 0")
                            .array("tracks", tracks, {T})
                            .array("keypoints", keypoints, {T, K, 2})
                            .array("config", config, {1})
                            .status();
    if (status) return status;
    const double kept = exp_of_negative_double(-step_s / kSlowing_s);
    for (int64_t t = 0; t < T; ++t) {
        pt_track& track = tracks[t];
        if (time_s - track.seen_s > config->coast_s)
            for (double& velocity : track.velocity) velocity *= kept;
        double before[4];
        for (int i = 0; i < 4; ++i) before[i] = track.position[i];
        predict(track, step_s, config->center_walk, config->size_walk);
        carry(keypoints + t * K * 2, K, before, track.position);
    }
    return PT_OK;
}
