"""Poses of a video -> people: which poses are recorded, who is who, who is a person at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

import numpy as np

from ..structures import FlowField, Frame, ModelSpec, Observation, Poses, TrackerState
from ..structures.arrays import BoolArray, Float32Array, UInt8Array
from ..structures.errors_last import ErrorsLast
from .look_ahead import LookAhead, TrackedFrame
from .pose_tracker import PoseTracker, ScoreLimits
from .tracker_config import TrackerConfig

# Images of the frames in waiting: 80 of 1080p, a quarter second of 4K at 60 frames per second.
MAX_WAITING_BYTES = 1 << 29
_LOOK_AHEAD = "look_ahead_"

Timer: TypeAlias = Callable[[str], AbstractContextManager[object]]


class PeopleTracker:
    """Turns the poses of each frame into people with ids; one for each video.

    `posetrack run` uses nothing else. Poses below the model's `min_score` are left out, a
    `PoseTracker` says who is who, and a look ahead of a quarter second lets a person count from
    the first frame on. So frames come back a little later than they went in.

    Args:
        spec: the model's; it says which scores speak of a person.
        config: the tracker's limits; None takes `TrackerConfig.of(spec)`.
        min_score: poses below are left out; None takes the model's.
        look_ahead_s: seconds; None takes the time that a confirmation needs, 0 is for live use.
        max_waiting_bytes: of the images held for the look ahead.
        track: False takes each frame by itself, without ids: for images that do not belong
            together. People are then all poses if `min_score` is given, else those who are clear by
            their scores.

    Raises:
        ValueError: a limit is negative or no finite number.
    """

    def __init__(
        self,
        spec: ModelSpec,
        config: TrackerConfig | None = None,
        *,
        min_score: float | None = None,
        look_ahead_s: float | None = None,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        track: bool = True,
    ) -> None:
        self.config = config or TrackerConfig.of(spec)
        seconds = self.config.confirm_s if look_ahead_s is None else look_ahead_s
        self._asked = min_score is not None
        self._min_score = spec.min_score if min_score is None else min_score
        for name, limit in (
            ("min_score", self._min_score),
            ("look_ahead_s", seconds),
            ("max_waiting_bytes", max_waiting_bytes),
        ):
            if not 0 <= limit < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite, got {limit}")
        self._tracker: PoseTracker | None = None
        if track:
            self._tracker = PoseTracker(spec.skeleton, self.config)
        self._look_ahead = LookAhead(self.config, seconds, max_waiting_bytes)

    def push(
        self,
        frame: Frame,
        poses: Poses,
        embeddings: Float32Array | None = None,
        flow: FlowField | None = None,
    ) -> list[TrackedFrame]:
        """Take the newest frame, give back those that are settled, oldest first.

        Args:
            frame: later than every frame before.
            poses: N, all that the engine found in it.
            embeddings: (N, D) appearance of each, if somebody computed it.
            flow: from the frame before to this one, if somebody computed it.

        Raises:
            ValueError: as `PoseTracker.update`.
        """
        everything = Observation(poses, frame.time_s, frame.image, embeddings, flow)
        recorded = everything.rows(poses.scores >= self._min_score)
        if self._tracker is None:
            kept = recorded.poses
            return [TrackedFrame(frame, poses, kept, kept[self._are_people(kept)])]
        return self._look_ahead.push(frame, poses, self._tracker.update_all(recorded))

    def finish(self) -> list[TrackedFrame]:
        """The frames still held, when no more will come."""
        return self._look_ahead.finish()

    def follow(
        self,
        found: Iterable[tuple[Frame, Poses]],
        timed: Timer = lambda _: nullcontext(),
        flow: Callable[[Frame], FlowField | None] = lambda _: None,
    ) -> Iterator[TrackedFrame]:
        """Every frame of a video with its people, in order; `push` and `finish` in one.

        Args:
            found: frames and all poses in them. What it raises is raised behind the last frame.
            timed: makes a context of a stage's name, `track`, in which the tracker works.
            flow: gives the flow from the frame before to one of these; asked once for each.
        """
        with ErrorsLast(found) as frames:
            for frame, poses in frames:
                moved = flow(frame)
                with timed("track"):
                    ready = self.push(frame, poses, flow=moved)
                yield from ready
            yield from self.finish()
            frames.raise_error()

    @property
    def waiting(self) -> int:
        """Frames that were pushed and not yet given back."""
        return len(self._look_ahead)

    @property
    def limits(self) -> ScoreLimits | None:
        """From which scores on poses start and continue tracks; None where nobody is followed."""
        return None if self._tracker is None else self._tracker.limits

    def state(self, *, images: bool = True) -> TrackerState:
        """A copy of all that later results depend on.

        Args:
            images: of the frames in waiting are included; else `restore` must be given them.
        """
        tracker = {} if self._tracker is None else self._tracker.state()
        waiting = self._look_ahead.state(images=images)
        return {**tracker, **{_LOOK_AHEAD + name: array for name, array in waiting.items()}}

    def restore(self, state: TrackerState, images: Sequence[UInt8Array] = ()) -> None:
        """Go on exactly as the one whose `state` this is would have.

        Args:
            state: of the other.
            images: of the `waiting` frames, oldest first, if the state is without them.

        Raises:
            ValueError: an array is missing, or the state is of another kind of tracker or of
                another skeleton. The tracker is unchanged then.
        """
        if (self._tracker is not None) != ("time_s" in state):
            kind = "follows people" if "time_s" in state else "takes each frame by itself"
            raise ValueError(f"the state is of a PeopleTracker that {kind}: set track accordingly")
        waiting = {
            name.removeprefix(_LOOK_AHEAD): array
            for name, array in state.items()
            if name.startswith(_LOOK_AHEAD)
        }
        try:
            look_ahead = self._look_ahead.restored(waiting, images)
        except KeyError as error:
            raise ValueError(f"the state lacks {_LOOK_AHEAD}{error.args[0]}") from None
        if self._tracker is not None:
            self._tracker.restore(state)
        self._look_ahead = look_ahead

    def _are_people(self, poses: Poses) -> BoolArray:
        """(N,): who counts where nobody is followed over time."""
        if self._asked:
            return np.ones(len(poses), np.bool_)
        return self.config.clear_people(poses.scores, poses.keypoint_scores.mean(axis=1))
