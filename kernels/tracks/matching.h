/* Which pose belongs to which track. */
#ifndef POSETRACK_TRACKS_MATCHING_H
#define POSETRACK_TRACKS_MATCHING_H

#include "../shared/scratch.h"
#include "costs.h"

namespace posetrack {

/* Working memory of a frame. */
struct FrameScratch {
    double* cost;    /* (T, N) */
    double* stage;   /* (T, N) the cost of the tracks and poses of one assignment */
    double* sorted;  /* (N) */
    int32_t* rows;   /* (N) row of each pose's track, -1 for none */
    int32_t* match;  /* (T) */
    int32_t* free;   /* (T) tracks that take part in an assignment */
    int32_t* poses;  /* (N) poses that do */
    uint8_t* twice;  /* (N) 1: a double */
    uint8_t* taken;  /* (T) 1: has a pose */
    uint8_t* assign; /* of pt_assign */
    int64_t assign_bytes;
    LanesScratch lanes;

    FrameScratch(Scratch& scratch, int64_t T, int64_t N, int64_t K)
        : cost(scratch.take<double>({T, N})),
          stage(scratch.take<double>({T, N})),
          sorted(scratch.take<double>({N})),
          rows(scratch.take<int32_t>({N})),
          match(scratch.take<int32_t>({T})),
          free(scratch.take<int32_t>({T})),
          poses(scratch.take<int32_t>({N})),
          twice(scratch.take<uint8_t>({N})),
          taken(scratch.take<uint8_t>({T})),
          assign(nullptr),
          assign_bytes(pt_assign_scratch_bytes_cpu(1, T, N)),
          lanes(scratch, N, K) {
        assign = scratch.take<uint8_t>({assign_bytes < 0 ? kMaxElements + 1 : assign_bytes});
    }
};

/* Marks the poses that resemble one with a higher score. The poses are spread in the lanes. */
inline void find_doubles(
    uint8_t* twice, const FramePoses& poses, const LanesScratch& lanes, double threshold) {
    for (int64_t n = 0; n < poses.N; ++n) twice[n] = 0;
    for (int64_t m = 0; m < poses.N; ++m) {
        const double area = kAreaShare * box_area(box_at(poses.boxes + 4 * m), 0.0);
        lanes.set_area((float)area, poses.sigmas, poses.K);
        for (int64_t n = 0; n < poses.N; ++n)
            if (!twice[n] && poses.scores[m] > poses.scores[n])
                twice[n] = common_similarity(lanes.pose(n), lanes.pose(m), lanes) >= threshold;
    }
}

/* Matches n poses, scratch.poses, to t tracks, scratch.free, where a pair costs less than `gate`.
 */
inline void match_some(
    const FrameScratch& scratch, const double* cost, int64_t N, int64_t t, int64_t n, double gate) {
    if (t == 0 || n == 0) return;
    for (int64_t i = 0; i < t; ++i)
        for (int64_t j = 0; j < n; ++j)
            scratch.stage[i * n + j] = cost[scratch.free[i] * N + scratch.poses[j]];
    pt_assign_cpu(
        scratch.match, scratch.assign, scratch.assign_bytes, scratch.stage, 1, t, n, gate);
    for (int64_t i = 0; i < t; ++i) {
        if (scratch.match[i] < 0) continue;
        scratch.rows[scratch.poses[scratch.match[i]]] = scratch.free[i];
        scratch.taken[scratch.free[i]] = 1;
    }
}

/* Lists the indices below `size` that are wanted; returns how many. */
template <typename Wanted>
int64_t list_where(int32_t* list, int64_t size, Wanted wanted) {
    int64_t count = 0;
    for (int64_t i = 0; i < size; ++i)
        if (wanted(i)) list[count++] = (int32_t)i;
    return count;
}

}  // namespace posetrack

#endif
