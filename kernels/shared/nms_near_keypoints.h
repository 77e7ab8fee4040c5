/* When one pose is near another: they have enough keypoints near each other. In float32 throughout,
 * as in the released code.
 */
#ifndef POSETRACK_SHARED_NMS_NEAR_KEYPOINTS_H
#define POSETRACK_SHARED_NMS_NEAR_KEYPOINTS_H

#include "scratch.h"

namespace posetrack {

PT_HD float distance_between(float dx, float dy) { return sqrtf(dx * dx + dy * dy); }

/* Whether two points are nearer than the limit that squared_limit gives. */
PT_HD bool is_near(float ax, float ay, float bx, float by, float squared) {
    const float dx = ax - bx, dy = ay - by;
    return dx * dx + dy * dy < squared;
}

/* The lowest float that is not below `distance`. The same floats are below it as below `distance`.
 */
PT_HD float absolute_limit(double distance) {
    FloatBits limit;
    limit.value = (float)distance;
    const bool below = (double)limit.value < distance;
    limit.bits += below ? 1u : 0u; /* the next higher float: distances are not negative */
    return limit.value;
}

/* The lowest float whose root is not below `limit`, so that no distance needs a root. Roots are
 * rounded to the nearest float, and none lies in the middle of two.
 */
PT_HD float squared_limit(float limit) {
    if (!(limit > 0.0f)) return 0.0f; /* NaN: nothing is near */
    const double middle = ((double)from_bits(bits_of(limit) - 1u) + (double)limit) / 2.0;
    return absolute_limit(middle * middle);
}

/* A fraction of the diagonal of the pose's extent; no pose is near one whose extent is NaN. */
PT_HD float relative_limit(const float* pose, int64_t K, double fraction) {
    if (K == 0) return 0.0f;
    float x1 = pose[0], y1 = pose[1], x2 = pose[0], y2 = pose[1];
    for (int64_t k = 1; k < K; ++k) {
        x1 = lower_or_nan(x1, pose[2 * k]);
        y1 = lower_or_nan(y1, pose[2 * k + 1]);
        x2 = higher_or_nan(x2, pose[2 * k]);
        y2 = higher_or_nan(y2, pose[2 * k + 1]);
    }
    return (float)fraction * distance_between(x2 - x1, y2 - y1);
}

/* Whether a row is better than the best so far (NULL: there is none). Of equal ones the first stays
 * the best; NaN counts as -infinity.
 */
PT_HD bool beats(float score, const float* best) {
    if (!best) return true;
    return score > *best || (is_nan(*best) && score > lowest_float());
}

#if !defined(__CUDACC_RTC__)
/* `needed` is what the twin's function says of the scratch. */
inline pt_status check_nms_near_keypoints(
    const int32_t* rows, const int32_t* count, const void* scratch, int64_t scratch_bytes,
    int64_t needed, const float* keypoints, const float* scores, const int32_t* counts, int64_t B,
    int64_t N, int64_t K, double distance, int64_t min_keypoints) {
    return Check()
        .sizes({{"B", B}, {"N", N}, {"K", K}})
        .that(distance >= 0.0, "distance must be 0 or more")
        .that(min_keypoints >= 0, "min_keypoints must be 0 or more")
        .array("rows", rows, {B, N})
        .array("count", count, {B})
        .array("keypoints", keypoints, {B, N, K, 2})
        .array("scores", scores, {B, N})
        .optional("counts", counts, {B})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
