#include "costs.h"

using namespace posetrack;

int64_t pt_track_costs_scratch_bytes_cpu(int64_t N, int64_t K) {
    if (Check().sizes({{"N", N}, {"K", K}}).status()) return -1;
    return scratch_bytes<LanesScratch>(N, K);
}

pt_status pt_track_costs_cpu(
    double* cost, void* scratch, int64_t scratch_bytes, const pt_track* tracks,
    const float* keypoints, const float* keypoint_scores, const float* pose_keypoints,
    const float* pose_keypoint_scores, const float* pose_boxes, const float* sigmas,
    const double* more_cost, const pt_tracker_config* config, int64_t T, int64_t N, int64_t K,
    double time_s, double more_weight) {
    const auto status = Check()
                            .sizes({{"T", T}, {"N", N}, {"K", K}})
                            .array("cost", cost, {T, N})
                            .scratch(scratch, scratch_bytes, pt_track_costs_scratch_bytes_cpu(N, K))
                            .array("tracks", tracks, {T})
                            .array("keypoints", keypoints, {T, K, 2})
                            .array("keypoint_scores", keypoint_scores, {T, K})
                            .array("pose_keypoints", pose_keypoints, {N, K, 2})
                            .array("pose_keypoint_scores", pose_keypoint_scores, {N, K})
                            .array("pose_boxes", pose_boxes, {N, 4})
                            .array("sigmas", sigmas, {K})
                            .array("config", config, {1})
                            .status();
    if (status) return status;
    const TrackView view = {tracks, keypoints, keypoint_scores, T};
    const FramePoses poses = {
        pose_keypoints, pose_keypoint_scores, pose_boxes, nullptr, sigmas, N, K};
    const auto lanes = lay_out<LanesScratch>(scratch, N, K);
    spread_poses(lanes, poses);
    fill_costs(cost, view, poses, lanes, {more_cost, more_weight}, time_s, *config);
    return PT_OK;
}
