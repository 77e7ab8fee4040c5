"""The state of all tracks, as parallel arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ..kernels.tracking import TRACK, TrackTable
from ..structures import Skeleton
from ..structures.arrays import AnyArray, Float64Array, Int32Array, Int64Array
from .camera import CameraMotion, moved_points, zoom_of

_MEMORY = "memory_"  # begins the names of the cues' arrays in a state
_ARRAYS = ("keypoints", "keypoint_scores", "keypoint_seen_s")


class Tracks:
    """All living tracks, one row per identity, oldest first.

    Attributes:
        table: what the kernels work on, in place; everything but
        memory: arrays (T, ...) by name, what the cues in use remember of each track.
    """

    __slots__ = ("memory", "table")

    def __init__(self, skeleton: Skeleton, memory: Mapping[str, AnyArray] | None = None) -> None:
        self.table = TrackTable(skeleton.sigma_array)
        self.memory = dict(memory or {})

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> Int64Array:
        """(T,) int64, 1 or more."""
        return self._field("id")

    @property
    def matches(self) -> Int64Array:
        """(T,) int64, poses so far, the first one included."""
        return self._field("matches")

    @property
    def scores(self) -> Float64Array:
        """(T,) float64, mean pose score; old ones slowly forgotten."""
        return self._field("score")

    @property
    def born_s(self) -> Float64Array:
        """(T,) float64, time of the first pose."""
        return self._field("born_s")

    @property
    def boxes(self) -> Float64Array:
        """(T, 4) x1, y1, x2, y2 in image pixels, at the last prediction or correction."""
        center, size = np.split(self._field("position"), 2, axis=1)
        return np.concatenate((center - size / 2, center + size / 2), axis=1)

    def _field(self, name: str) -> AnyArray:
        field: AnyArray = self.table.rows[name]
        return field

    @property
    def _remembered(self) -> int:
        """How many tracks `memory` is of."""
        return next((len(array) for array in self.memory.values()), 0)

    def remember(self, sources: Int32Array, started: Mapping[str, AnyArray]) -> None:
        """Bring `memory` in the order of the table.

        Args:
            sources: (T,) row of each track before, -1 - n: pose n has started it.
            started: arrays (N, ...) by name, what to remember of each pose.
        """
        if np.array_equal(sources, np.arange(self._remembered)):
            return
        old = sources >= 0
        for name, array in self.memory.items():
            known = array[sources[old]]
            self.memory[name] = _joined(known, started[name][-1 - sources[~old]])

    def move_with_camera(self, motion: CameraMotion) -> None:
        """Carry everything to where the camera has moved it since the frame before."""
        zoom, turn, rows = zoom_of(motion), motion[:, :2], self.table.rows
        rows["position"][:, :2] = moved_points(motion, rows["position"][:, :2])
        rows["position"][:, 2:] *= zoom
        rows["velocity"][:, :2] = rows["velocity"][:, :2] @ turn.T
        rows["velocity"][:, 2:] *= zoom
        for name in ("position_variance", "covariance", "velocity_variance"):
            rows[name] *= zoom**2
        rows["birth_center"] = moved_points(motion, rows["birth_center"])
        self.table.keypoints[:] = moved_points(motion, self.table.keypoints)

    def state(self) -> dict[str, AnyArray]:
        """A copy of the state as named arrays; the sigmas are the skeleton's and left out."""
        memory = {_MEMORY + name: array.copy() for name, array in self.memory.items()}
        fields = {name: array.copy() for name, array in _fields(self.table)}
        return {**fields, **{name: getattr(self.table, name).copy() for name in _ARRAYS}, **memory}

    @staticmethod
    def of_state(state: Mapping[str, AnyArray], skeleton: Skeleton) -> Tracks:
        """The tracks whose `state` this is; other entries are passed over.

        Raises:
            ValueError: an array is missing, or is not what it must be.
        """
        tracks = Tracks(skeleton)
        table = tracks.table
        for name in (*(name for name, _ in _fields(table)), *_ARRAYS):
            if name not in state:
                raise ValueError(f"the tracker's state lacks {name!r}")
        if state["keypoints"].shape[1] != len(skeleton):
            raise ValueError(
                f"the tracker's state must be of the {len(skeleton)} keypoints of skeleton "
                f"{skeleton.name!r}, got {state['keypoints'].shape[1]}"
            )
        count = len(state["keypoints"])
        table.tracker["tracks"] = count
        arrays = [state[name] for name in _ARRAYS]
        table.fill(np.zeros(count, TRACK), *arrays, room=2 * count + 1)
        for name, array in _fields(table):
            array[...] = state[name]
        for name, array in state.items():
            if name.startswith(_MEMORY):
                tracks.memory[name.removeprefix(_MEMORY)] = array.copy()
        return tracks


def _fields(table: TrackTable) -> Iterator[tuple[str, AnyArray]]:
    """Every field of the tracks and of the tracker, a view, by its name in a state."""
    for prefix, array in (("track_", table.rows), ("tracker_", table.tracker)):
        for name in array.dtype.names or ():
            yield prefix + name, array[name]


def _joined(array: AnyArray, others: AnyArray) -> AnyArray:
    """Rows of both; tracks that began before there were values (T, 0) get zeros."""
    wide = max(array.shape[1], others.shape[1])
    if array.shape[1] == others.shape[1]:
        return np.concatenate((array, others))
    return np.concatenate([np.pad(a, ((0, 0), (0, wide - a.shape[1]))) for a in (array, others)])
