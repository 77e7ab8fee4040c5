"""A short look ahead: a person is shown from the first frame on, and noise is not shown."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, replace

import numpy as np

from ..structures import Frame, Poses, TrackerState, TrackState
from ..structures.arrays import AnyArray, Int64Array, UInt8Array
from .tracker_config import ROUNDING_S, TrackerConfig

_IMAGE = "frame_image"  # in a state


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """A frame with what was found in it.

    Attributes:
        frame: the frame.
        decoded: every pose of the decoder.
        tracked: those that are recorded, with track ids and states.
        people: those of them that count as people: what is drawn and counted.
    """

    frame: Frame
    decoded: Poses
    tracked: Poses
    people: Poses


class LookAhead:
    """Holds frames back until the tracker has had time to tell a person from noise.

    A pose whose track is confirmed within `seconds` after it counts as confirmed itself. In a video
    that ends before anybody could be confirmed, people who are clear by their scores in every frame
    count. A frame that is far in time from both its neighbours, as in a time-lapse, stands alone:
    in it, too, people count who are clear by their scores.

    Args:
        config: the tracker's.
        seconds: how far to look ahead; 0 gives every frame back at once.
        max_bytes: of the images held; beyond it the oldest frame is given back,
            settled or not.
    """

    def __init__(self, config: TrackerConfig, seconds: float, max_bytes: int) -> None:
        self._config, self._seconds, self._max_bytes = config, seconds, max_bytes
        self._waiting: deque[TrackedFrame] = deque()
        self._bytes = 0
        self._first_s: float | None = None
        self._released_s = -math.inf  # time of the frame given back last

    def push(self, frame: Frame, decoded: Poses, tracked: Poses) -> list[TrackedFrame]:
        """Take the newest frame, give back those whose states are settled."""
        if self._first_s is None:
            self._first_s = frame.time_s
        self._waiting.append(TrackedFrame(frame, decoded, tracked, tracked))
        self._bytes += frame.image.nbytes
        ready = []
        while self._waiting and self._must_go(frame.time_s):
            ready.append(self._release(self._confirmed()))
        return ready

    def finish(self) -> list[TrackedFrame]:
        """The frames still held, when no more will come."""
        confirmed = self._confirmed()
        if self._waiting and self._first_s is not None:
            seconds = self._waiting[-1].frame.time_s - self._first_s
            if seconds < self._config.confirm_s - ROUNDING_S:
                confirmed.update(self._always_there())
        return [self._release(confirmed) for _ in range(len(self._waiting))]

    def __len__(self) -> int:
        return len(self._waiting)

    def state(self, *, images: bool) -> TrackerState:
        """A copy of the frames held, with or without their images, as named arrays."""
        state = {"count": np.array(len(self._waiting)), "released_s": np.array(self._released_s)}
        if self._first_s is not None:
            state["first_s"] = np.array(self._first_s)
        for i, item in enumerate(self._waiting):
            arrays = _arrays(item, images=images)
            state.update({f"{i}_{name}": array for name, array in arrays})
        return state

    def restored(self, state: TrackerState, images: Sequence[UInt8Array]) -> LookAhead:
        """One with the same limits that goes on as the one whose `state` this is.

        Args:
            state: of the other.
            images: of the frames held, oldest first, if the state is without them.

        Raises:
            KeyError: an array is missing.
        """
        other = LookAhead(self._config, self._seconds, self._max_bytes)
        state = {**state, **{f"{i}_{_IMAGE}": image for i, image in enumerate(images)}}
        items = [_item(state, f"{i}_") for i in range(int(state["count"]))]
        if items or "first_s" in state:
            other._first_s = float(state["first_s"])
        other._released_s = float(state["released_s"])
        other._waiting = deque(items)
        other._bytes = sum(item.frame.image.nbytes for item in items)
        return other

    def _must_go(self, now_s: float) -> bool:
        """Whether the oldest frame has waited long enough, or there is no room for it."""
        if self._seconds == 0 or self._bytes > self._max_bytes:
            return True
        return self._waiting[0].frame.time_s < now_s - self._seconds - ROUNDING_S

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
        self._bytes -= item.frame.image.nbytes
        ids, states = _tracks(item)
        known = np.isin(ids, list(confirmed))
        if self._stands_alone(item):
            poses = item.tracked
            clear = self._config.clear_people(poses.scores, poses.keypoint_scores.mean(axis=1))
            known |= clear & (ids > 0)
        self._released_s = item.frame.time_s
        states = np.where(known, np.uint8(TrackState.CONFIRMED), states)
        tracked = replace(item.tracked, track_states=states)
        return replace(item, tracked=tracked, people=tracked[states == TrackState.CONFIRMED])

    def _stands_alone(self, item: TrackedFrame) -> bool:
        """Whether the frames before and behind one just taken out are too far away to judge by."""
        time_s, alone_s = item.frame.time_s, self._config.alone_s
        if self._waiting and self._waiting[0].frame.time_s - time_s < alone_s - ROUNDING_S:
            return False
        if math.isinf(self._released_s):  # the first frame, and perhaps the only one
            return len(self._waiting) > 0
        return time_s - self._released_s >= alone_s - ROUNDING_S


def _tracks(item: TrackedFrame) -> tuple[Int64Array, UInt8Array]:
    ids, states = item.tracked.track_ids, item.tracked.track_states
    assert ids is not None
    assert states is not None
    return ids, states


def _arrays(item: TrackedFrame, *, images: bool) -> Iterator[tuple[str, AnyArray]]:
    """Copies of all that a frame in waiting consists of."""
    for part in fields(Frame):
        if images or f"frame_{part.name}" != _IMAGE:
            yield f"frame_{part.name}", np.array(getattr(item.frame, part.name))
    for name in ("decoded", "tracked"):
        for part in fields(Poses):
            array = getattr(getattr(item, name), part.name)
            if array is not None:
                yield f"{name}_{part.name}", array.copy()


def _item(state: TrackerState, prefix: str) -> TrackedFrame:
    """The frame in waiting whose `_arrays` stand in a state."""
    values = {part.name: state[f"{prefix}frame_{part.name}"] for part in fields(Frame)}
    image = values.pop("image").copy()
    frame = Frame(image, **{name: value.item() for name, value in values.items()})
    decoded = _poses(state, f"{prefix}decoded_")
    tracked = _poses(state, f"{prefix}tracked_", "track_ids", "track_states")
    return TrackedFrame(frame, decoded, tracked, tracked)


def _poses(state: TrackerState, prefix: str, *needed: str) -> Poses:
    names = [
        part.name
        for part in fields(Poses)
        if prefix + part.name in state or part.default is MISSING or part.name in needed
    ]
    return Poses(**{name: state[prefix + name].copy() for name in names})
