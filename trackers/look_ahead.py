"""Looking a moment ahead, so that a person is shown from the first frame, and a fluke never."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace

import numpy as np

from ..structures import Frame, Poses, TrackState
from ..structures.arrays import Int64Array, UInt8Array
from .pose_tracker import TrackerConfig

# A fraction of a frame: times that should be equal differ by floating point.
_ROUNDING_S = 1e-6
_MAX_WAITING = 60  # frames held at any rate, whatever their timestamps say


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """A frame with what was found in it."""

    frame: Frame
    decoded: Poses  # every pose of the decoder
    tracked: Poses  # those above the minimum score, with ids and states


class ConfirmationDelay:
    """Holds frames back until the tracker has had time to tell a person from a fluke.

    A pose whose track is confirmed within `confirm_s` after it counts as confirmed itself. In a
    video that ends before anyone could be confirmed, whoever is clearly a person in every
    frame is.

    Args:
        config: the tracker's: `confirm_s` is the delay.
    """

    def __init__(self, config: TrackerConfig) -> None:
        self._config = config
        self._waiting: deque[TrackedFrame] = deque()
        self._first_s: float | None = None

    def push(self, item: TrackedFrame) -> list[TrackedFrame]:
        """Take the newest frame, give back those whose states are settled."""
        if self._first_s is None:
            self._first_s = item.frame.time_s
        self._waiting.append(item)
        settled_s = item.frame.time_s - self._config.confirm_s - _ROUNDING_S
        ready = []
        while self._waiting[0].frame.time_s < settled_s or len(self._waiting) > _MAX_WAITING:
            ready.append(self._release(self._confirmed()))
        return ready

    def finish(self) -> list[TrackedFrame]:
        """The frames still held, when no more will come."""
        confirmed = self._confirmed()
        if self._waiting and self._first_s is not None:
            seconds = self._waiting[-1].frame.time_s - self._first_s
            if seconds < self._config.confirm_s - _ROUNDING_S:
                confirmed.update(self._always_there())
        return [self._release(confirmed) for _ in range(len(self._waiting))]

    def _confirmed(self) -> set[int]:
        """Ids confirmed in any of the frames held."""
        found: set[int] = set()
        for item in self._waiting:
            ids, states = _tracks(item)
            found.update(ids[states == TrackState.CONFIRMED].tolist())
        return found

    def _always_there(self) -> list[int]:
        """Clear people in every frame of a video that is too short to confirm anyone."""
        seen: Counter[int] = Counter()
        for item in self._waiting:
            poses = item.tracked
            ids, _ = _tracks(item)
            clear = self._config.clear_people(poses.scores, poses.keypoint_scores.mean(axis=1))
            seen.update(ids[clear & (ids > 0)].tolist())
        return [track_id for track_id, count in seen.items() if count == len(self._waiting)]

    def _release(self, confirmed: set[int]) -> TrackedFrame:
        item = self._waiting.popleft()
        ids, states = _tracks(item)
        known = np.isin(ids, list(confirmed))
        states = np.where(known, np.uint8(TrackState.CONFIRMED), states)
        return replace(item, tracked=replace(item.tracked, track_states=states))


def _tracks(item: TrackedFrame) -> tuple[Int64Array, UInt8Array]:
    ids, states = item.tracked.track_ids, item.tracked.track_states
    assert ids is not None
    assert states is not None
    return ids, states
