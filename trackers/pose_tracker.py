"""Poses over time -> the same poses with track ids."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..kernels.tracking import Followed, PoseArrays, follow_poses, predict_tracks
from ..structures import Observation, Poses, Skeleton, TrackerState, TrackState
from ..structures.arrays import AnyArray, BoolArray, Float32Array, Int64Array
from .camera import Camera
from .cues import APPEARANCE, CUES, EMBEDDINGS, FlowCue
from .tracker_config import ROUNDING_S, TrackerConfig
from .tracks import Tracks


class ScoreLimits(NamedTuple):
    """From which pose scores on ..."""

    birth: float  # ... an unmatched pose starts a track,
    confident: float  # ... a pose chooses among all tracks


class PoseTracker:
    """Gives every person of a video one id, frame after frame.

    One tracker per video: the state lasts until the object goes. Any frame rate will do, and it may
    vary: all limits are in seconds. Below about one frame in two seconds people who move get new
    ids. `PeopleTracker` says in the end who is a person; this one only says which pose belongs to
    which track.

    Attributes:
        skeleton: the type of the poses.
        config: the limits; `TrackerConfig.of(spec)` holds those of a model.
    """

    def __init__(self, skeleton: Skeleton, config: TrackerConfig | None = None) -> None:
        self.skeleton = skeleton
        self.config = config or TrackerConfig()
        self._limits = self.config.native()
        self._weights = self.config.cue_weights
        self._cues = {name: cue(skeleton) for name, cue in CUES.items() if name in self._weights}
        self._time_s = -math.inf
        self._camera = Camera()
        self._tracks = Tracks(skeleton)
        self._tracks.memory = self._memory(Observation(Poses.empty(len(skeleton)), 0.0), {})

    def update(self, observation: Observation) -> Poses:
        """Take in the next frame.

        Args:
            observation: all poses of the frame, in any order; a frame without people counts too.
                Its time is later than that of every frame before.

        Returns:
            The same rows in the same order, with `track_ids` (-1: too weak to start a track) and
            `track_states`; the other arrays are those of the poses, not copies.

        Raises:
            ValueError: time does not increase, a box or an embedding is not finite, the poses have
                another number of keypoints than the skeleton, or embeddings another length than
                before. The tracker is unchanged then.
        """
        poses, time_s = observation.poses, observation.time_s
        self._check(poses, time_s)
        self._check_looks(observation)
        self._follow_camera(observation)
        if "flow" in self._cues:
            FlowCue.move(self._tracks, observation.flow)
        self._predict(time_s)
        seen = self._looks(observation)
        costs = self._costs(observation, seen)
        table, arrays = self._tracks.table, PoseArrays(poses)
        found = follow_poses(table, arrays, self._limits, time_s=time_s, **costs)
        self._remember(found, observation, seen)
        return Poses(
            poses.keypoints,
            poses.keypoint_scores,
            poses.scores,
            poses.boxes,
            found.track_ids,
            found.track_states,
            poses.depth_mm,
        )

    def update_all(self, observation: Observation) -> Poses:
        """`update` with what flow adds: its rows, behind them the carried poses that have a track.

        Raises:
            ValueError: as `update`.
        """
        everything = self.with_carried(observation)
        tracked = self.update(everything)
        if len(everything.poses) == len(observation.poses):
            return tracked
        assert tracked.track_ids is not None
        own = np.arange(len(tracked)) < len(observation.poses)
        return tracked[own | (tracked.track_ids > 0)]

    def passed_over(self, tracked: Poses) -> BoolArray:
        """(N,): whose tracks had the time to become people and did not.

        Those are things: they never move, and their scores are poor.

        Args:
            tracked: what `update` gave last, or some rows of it.
        """
        assert tracked.track_ids is not None
        assert tracked.track_states is not None
        rows = np.searchsorted(self._tracks.ids, tracked.track_ids)
        born_s = np.append(self._tracks.born_s, math.inf)[rows]
        old = self._time_s - born_s >= self.config.confirm_s - ROUNDING_S
        return np.asarray(old & (tracked.track_states == TrackState.TENTATIVE))

    def with_carried(self, observation: Observation) -> Observation:
        """The next frame with what optical flow adds, for `update`.

        Behind the poses of the frame come those of the tracks, carried here by the flow, if they
        were found at most `carry_s` before; their scores fall to 0 in that time. `update` is the
        non-maximum suppression of all: of two that are alike only the better one has a track.

        Source: Xiao, Wu and Wei, ECCV 2018, as `FlowCue`, section 3: boxes from flow are added to
        those of the detector. There a network finds the pose in each such box anew; here the pose
        is carried.
        """
        if observation.flow is None or not self.config.carry_s or not len(self._tracks):
            return observation
        carried, found_s = FlowCue.carried(self._tracks, observation.flow)
        fresh = 1 - (observation.time_s - found_s) / self.config.carry_s
        rows = np.flatnonzero((fresh > 0) & (carried.scores > 0))
        carried, share = carried[rows], fresh[rows].astype(np.float32)
        weaker = replace(
            carried,
            scores=carried.scores * share,
            keypoint_scores=carried.keypoint_scores * share[:, None],
        )
        return observation.joined(weaker, found_s[rows], self._remembered(observation, rows))

    def _remembered(self, observation: Observation, rows: Int64Array) -> Float32Array | None:
        """(M, D) embeddings of tracks, where those of the frame have any; zeros if none is known.

        A track that is carried looks as it did.
        """
        seen = observation.embeddings
        if seen is None:
            return None
        looks = np.zeros((len(rows), seen.shape[1]), np.float32)
        for name in EMBEDDINGS & self._cues.keys():
            if self._cues[name].length(self._tracks):
                looks = self._tracks.memory[name][rows, : seen.shape[1]]
        return looks

    @property
    def limits(self) -> ScoreLimits:
        """From which scores on poses start and continue tracks: the model's, or learned so far."""
        config = self.config
        if config.birth_score is not None and config.confident_score is not None:
            return ScoreLimits(config.birth_score, config.confident_score)
        tracker = self._tracks.table.tracker[0]
        return ScoreLimits(float(tracker["birth"]), float(tracker["confident"]))

    def state(self) -> TrackerState:
        """A copy of all that later results depend on, as named arrays."""
        own = {"time_s": np.array(self._time_s), "camera_image": self._camera.small.copy()}
        return {**own, **self._tracks.state()}

    def restore(self, state: TrackerState) -> None:
        """Go on exactly as the tracker whose `state` this is would have.

        Raises:
            ValueError: an array is missing, or the tracks have another number of keypoints. The
                tracker is unchanged then.
        """
        tracks = Tracks.of_state(state, self.skeleton)
        try:
            time_s, camera = float(state["time_s"]), Camera(state["camera_image"])
        except KeyError as error:
            raise ValueError(f"the tracker's state lacks {error}") from None
        self._tracks, self._time_s, self._camera = tracks, time_s, camera

    def _check(self, poses: Poses, time_s: float) -> None:
        if not (math.isfinite(time_s) and time_s > self._time_s):
            raise ValueError(
                f"time_s must increase from frame to frame, got {time_s} after {self._time_s}: "
                "use a new tracker for each video"
            )
        if poses.keypoints.shape[1] != len(self.skeleton):
            raise ValueError(
                f"poses must have the {len(self.skeleton)} keypoints of skeleton "
                f"{self.skeleton.name!r}, got {poses.keypoints.shape[1]}"
            )
        if not np.isfinite(poses.boxes).all():
            raise ValueError("boxes must be finite numbers, got NaN or infinity")

    def _check_looks(self, observation: Observation) -> None:
        seen = observation.embeddings
        if seen is None:
            return
        if not np.isfinite(seen).all():
            raise ValueError("embeddings must be finite numbers, got NaN or infinity")
        for name in EMBEDDINGS & self._cues.keys():
            length = self._cues[name].length(self._tracks)
            if length not in (0, seen.shape[1]):
                raise ValueError(
                    f"embeddings must have {length} numbers each as before, got {seen.shape[1]}"
                )

    def _follow_camera(self, observation: Observation) -> None:
        if observation.image is not None and self.config.camera:
            motion = self._camera.move(observation.image, self._tracks.boxes)
            if motion is not None:
                self._tracks.move_with_camera(motion)

    def _predict(self, time_s: float) -> None:
        """Move the tracks to the present."""
        step_s, self._time_s = time_s - self._time_s, time_s
        table = self._tracks.table
        if len(table) and not self.config.frame_to_frame:
            predict_tracks(table, self._limits, time_s=time_s, step_s=step_s)

    def _looks(self, observation: Observation) -> dict[str, AnyArray]:
        """What the other cues see of the poses, those that see anything."""
        seen = {name: cue.look(observation) for name, cue in self._cues.items()}
        return {name: looks for name, looks in seen.items() if looks is not None}

    def _costs(self, observation: Observation, seen: dict[str, AnyArray]) -> dict[str, Any]:
        """What the other cues say, as `follow_poses` takes it."""
        config, tracks = self.config, self._tracks
        if not self._cues:
            return {"gate": config.gate}
        looks_known = seen or any(cue.length(tracks) for cue in self._cues.values())
        if looks_known and not config.frame_to_frame:  # they can bring people back later
            self._limits["patience_s"] = max(config.lost_s, config.return_s) + ROUNDING_S
        if not (seen and len(tracks) and len(observation.poses)):
            return {"gate": config.gate}
        costs = {name: self._cues[name].cost(tracks, looks) for name, looks in seen.items()}
        looks = next((costs[name] for name in APPEARANCE if name in costs), None)
        return {
            "gate": config.gate if looks is None else config.appearance_gate,
            "more_cost": sum(self._weights[name] * cost for name, cost in costs.items()),
            "more_weight": sum(self._weights[name] for name in costs),
            "looks": looks,
        }

    def _remember(
        self, found: Followed, observation: Observation, seen: dict[str, AnyArray]
    ) -> None:
        """Take what the other cues need of the poses into their tracks."""
        if not self._cues:
            return
        tracks = self._tracks
        tracks.remember(found.sources, self._memory(observation, seen))
        matched = np.flatnonzero(found.rows >= 0)
        matched = matched[found.sources[found.rows[matched]] >= 0]
        mine = found.rows[matched]
        for name, looks in seen.items():
            self._cues[name].remember(tracks, mine, observation.time_s, looks[matched])

    def _memory(self, observation: Observation, seen: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """What new tracks remember of the poses that start them."""
        memory: dict[str, AnyArray] = {}
        for name, cue in self._cues.items():
            memory.update(cue.memory(observation, seen.get(name)))
        return memory
