/* Constant-velocity Kalman filters of a box's centre, width and height. */
#ifndef POSETRACK_TRACKS_BOX_MOTION_H
#define POSETRACK_TRACKS_BOX_MOTION_H

#include "../shared/box_overlap.h"

namespace posetrack {

constexpr double kSmallestSide = 1.0; /* px; a predicted or given box is never thinner */

inline double square(double x) { return x * x; }

/* Variances of centres and of sizes, from deviations in box heights. */
struct Noise {
    double of[4];

    Noise(double center, double size, double height)
        : of{square(height) * square(center), square(height) * square(center),
             square(height) * square(size), square(height) * square(size)} {}
};

inline double wide_enough(int i, double value) {
    return i >= 2 && value < kSmallestSide ? kSmallestSide : value;
}

inline void predict(pt_track& track, double step_s, double center_walk, double size_walk) {
    const Noise walk(center_walk, size_walk, track.position[3]); /* px^2/s^3 */
    for (int i = 0; i < 4; ++i) {
        double &spread = track.position_variance[i], &both = track.covariance[i];
        double& speed_spread = track.velocity_variance[i];
        track.position[i] = wide_enough(i, track.position[i] + step_s * track.velocity[i]);
        spread += step_s * (2 * both + step_s * (speed_spread + (step_s / 3) * walk.of[i]));
        both += step_s * (speed_spread + (step_s / 2) * walk.of[i]);
        speed_spread += step_s * walk.of[i];
    }
}

/* Centre x, centre y, width and height of a given box. */
struct SeenBox {
    double of[4];

    explicit SeenBox(const float* corners) {
        const Box box = box_at(corners);
        of[0] = (box.x1 + box.x2) / 2;
        of[1] = (box.y1 + box.y2) / 2;
        of[2] = wide_enough(2, box.x2 - box.x1);
        of[3] = wide_enough(3, box.y2 - box.y1);
    }
};

/* Takes in the box of a pose that was found. */
inline void correct(pt_track& track, const float* box, double center_error, double size_error) {
    const SeenBox seen(box);
    const Noise error(center_error, size_error, seen.of[3]);
    for (int i = 0; i < 4; ++i) {
        double &spread = track.position_variance[i], &both = track.covariance[i];
        const double total = spread + error.of[i];
        const double gain = spread / total, speed_gain = both / total;
        const double surprise = seen.of[i] - track.position[i];
        track.position[i] = wide_enough(i, track.position[i] + gain * surprise);
        track.velocity[i] += speed_gain * surprise;
        track.velocity_variance[i] -= speed_gain * both;
        spread = gain * error.of[i];
        both = speed_gain * error.of[i];
    }
}

inline Box box_of(const pt_track& track) {
    const double *at = track.position, x = at[2] / 2, y = at[3] / 2;
    return {at[0] - x, at[1] - y, at[0] + x, at[1] + y};
}

}  // namespace posetrack

#endif
