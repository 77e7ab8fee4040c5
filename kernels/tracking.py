"""Tracks of people from frame to frame, on the host: what `include/posetrack/tracking.h` declares.

A frame is `predict_tracks`, then `follow_poses`. They are called for every frame and do little, so
that looking at arrays would take longer than the work: `TrackTable` and `PoseArrays` are checked
once, and know their addresses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..structures import Poses
from ..structures.arrays import (
    AnyArray,
    Float32Array,
    Float64Array,
    Int32Array,
    Int64Array,
    UInt8Array,
)
from .contract import STRUCTS
from .library import library

__all__ = [
    "CONFIG",
    "TRACK",
    "TRACKER",
    "Followed",
    "PoseArrays",
    "TrackTable",
    "follow_poses",
    "predict_tracks",
    "track_costs",
]

_TYPES = {"int64_t": np.int64, "double": np.float64}
_ROOM = 16  # tracks, at first
_ALIGNMENT = 16  # bytes, of working memory


def _dtype(struct: str) -> np.dtype[Any]:
    """The elements of an array of a struct of the C interface."""
    sides = ((name, _TYPES[kind], length) for name, kind, length in STRUCTS[struct])
    return np.dtype([(name, kind, (n,)) if n > 1 else (name, kind) for name, kind, n in sides])


TRACK, TRACKER, CONFIG = map(_dtype, ("pt_track", "pt_tracker", "pt_tracker_config"))


class TrackTable:
    """All tracks of one tracker, at most as many as there is room for.

    Attributes:
        tracker: (1,) of `TRACKER`, the fields of `pt_tracker`.
        sigmas: (K,) float32 of object keypoint similarity, unit-less.
        addresses: of the tracker, of the tracks' four arrays and of the sigmas.
        room: for how many tracks.
    """

    __slots__ = ("_arrays", "_scratch", "_scratch_poses", "addresses", "room", "sigmas", "tracker")

    def __init__(self, sigmas: Float32Array) -> None:
        self.sigmas = sigmas
        self._scratch, self._scratch_poses = np.empty(0, np.uint8), -1
        self.tracker = np.zeros(1, TRACKER)
        self.tracker["next_id"] = 1
        self._arrays = self._made(_ROOM)

    def __len__(self) -> int:
        return int(self.tracker["tracks"][0])

    @property
    def rows(self) -> AnyArray:
        """(T,) of `TRACK`, the fields of `pt_track`; a view, as the other arrays."""
        return self._arrays[0][: len(self)]

    @property
    def keypoints(self) -> Float32Array:
        """(T, K, 2) float32, each where it was last found, moved along with the box."""
        return self._arrays[1][: len(self)]

    @property
    def keypoint_scores(self) -> Float32Array:
        """(T, K) float32, likewise; 0 = not found for too long."""
        return self._arrays[2][: len(self)]

    @property
    def keypoint_seen_s(self) -> Float64Array:
        """(T, K) float64, time at which each was last found."""
        return self._arrays[3][: len(self)]

    def make_room(self, poses: int) -> None:
        """Room for as many tracks more."""
        if len(self) + poses > self.room:
            self.fill(*self._arrays, room=2 * (len(self) + poses))

    def fill(self, *arrays: AnyArray, room: int) -> None:
        """New arrays for `room` tracks, with the first T rows of the four given ones."""
        count = len(self)
        self._arrays = self._made(room)
        for array, given in zip(self._arrays, arrays, strict=True):
            array[:count] = given[:count]

    def scratch(self, poses: int) -> tuple[int, int]:
        """Address and bytes of working memory for a frame of so many poses."""
        if poses > self._scratch_poses:
            sizes = {"C": self.room, "N": poses, "K": len(self.sigmas)}
            self._scratch, self._scratch_poses = _scratch("pt_follow_poses", sizes), poses
        return _aligned(self._scratch)

    def _made(self, room: int) -> tuple[AnyArray, ...]:
        k = len(self.sigmas)
        arrays = (
            np.zeros(room, TRACK),
            np.zeros((room, k, 2), np.float32),
            np.zeros((room, k), np.float32),
            np.zeros((room, k)),
        )
        where = (self.tracker, *arrays, self.sigmas)
        self.addresses = tuple([array.ctypes.data for array in where])
        self.room, self._scratch_poses = room, -1
        return arrays


class PoseArrays:
    """The poses of a frame as they lie in memory, copied where they must be.

    Attributes:
        keypoints: (N, K, 2) float32.
        keypoint_scores: (N, K) float32.
        boxes: (N, 4) float32.
        scores: (N,) float32.
        addresses: in this order.
    """

    __slots__ = ("addresses", "boxes", "keypoint_scores", "keypoints", "scores")

    def __init__(self, poses: Poses) -> None:
        self.keypoints = np.ascontiguousarray(poses.keypoints)
        self.keypoint_scores = np.ascontiguousarray(poses.keypoint_scores)
        self.boxes = np.ascontiguousarray(poses.boxes)
        self.scores = np.ascontiguousarray(poses.scores)
        self.addresses = (
            self.keypoints.ctypes.data,
            self.keypoint_scores.ctypes.data,
            self.boxes.ctypes.data,
            self.scores.ctypes.data,
        )

    def __len__(self) -> int:
        return len(self.scores)


class Followed(NamedTuple):
    """What became of the N poses of a frame, and of T tracks."""

    track_ids: Int64Array  # (N,), 1 or more; -1: none
    track_states: UInt8Array  # (N,): 0 none, 1 perhaps a person, 2 confirmed
    rows: Int32Array  # (N,) of the table afterwards, -1: none
    sources: Int32Array  # (T,) row of each track before, -1 - n: pose n has started it


def predict_tracks(table: TrackTable, config: AnyArray, *, time_s: float, step_s: float) -> None:
    """Move tracks `step_s` seconds ahead, to `time_s`, and their keypoints along with the boxes.

    The velocity of those that were last seen more than `coast_s` before fades.

    Args:
        table: changed in place.
        config: (1,) of `CONFIG`, the fields of `pt_tracker_config`.
        time_s: seconds.
        step_s: seconds.

    Raises:
        ValueError: the step is below 0.

    Source: white-noise acceleration model, Bar-Shalom, Li and Kirubarajan, "Estimation with
        Applications to Tracking and Navigation", 2001, section 6.2.2.
    """
    _, rows, keypoints, *_ = table.addresses
    sizes = (len(table), len(table.sigmas))
    where = (rows, keypoints, config.ctypes.data)
    library("cpu").call("pt_predict_tracks", (*where, *sizes, time_s, step_s))


def track_costs(
    table: TrackTable,
    poses: PoseArrays,
    config: AnyArray,
    *,
    time_s: float,
    more_cost: Float64Array | None = None,
    more_weight: float = 0.0,
) -> Float64Array:
    """How little each pose fits each track, as `follow_poses` compares them: (T, N) float64.

    The rules stand in `include/posetrack/tracking.h`.

    Args:
        table: T tracks, predicted to `time_s`.
        poses: N, of as many keypoints.
        config: (1,) of `CONFIG`, the fields of `pt_tracker_config`.
        time_s: seconds.
        more_cost: as of `follow_poses`.
        more_weight: likewise.

    Raises:
        ValueError: poses have another number of keypoints, or more_cost another shape.
    """
    cost = np.empty((len(table), _checked(table, poses)))
    _, rows, keypoints, scores, _, sigmas = table.addresses
    sizes = {"N": cost.shape[1], "K": len(table.sigmas)}
    scratch = _scratch("pt_track_costs", sizes)
    outputs = (cost.ctypes.data, *_aligned(scratch))
    where = (*outputs, rows, keypoints, scores, *poses.addresses[:3], sigmas)
    more = _address_of_cost(more_cost, cost.shape)
    numbers = (*cost.shape, len(table.sigmas), time_s, more_weight)
    library("cpu").call("pt_track_costs", (*where, more, config.ctypes.data, *numbers))
    return cost


def follow_poses(  # noqa: PLR0913 - as the kernel
    table: TrackTable,
    poses: PoseArrays,
    config: AnyArray,
    *,
    time_s: float,
    gate: float,
    more_cost: Float64Array | None = None,
    more_weight: float = 0.0,
    looks: Float64Array | None = None,
) -> Followed:
    """Give the poses of a frame to tracks, start tracks for others, end those lost too long.

    The rules stand in `include/posetrack/tracking.h`.

    Args:
        table: T tracks, predicted to `time_s`; changed in place.
        poses: N, of as many keypoints.
        config: (1,) of `CONFIG`, the fields of `pt_tracker_config`.
        time_s: seconds.
        gate: finite; a confident pose and a track that cost this much or more never match.
        more_cost: (T, N) float64, the weighted sum of further costs,
        more_weight: and the sum of their weights.
        looks: (T, N) float64 in [0, 1], by which people come back; None: nobody does.

    Raises:
        ValueError: poses have another number of keypoints, a cost another shape, or the gate is not
            finite.

    Source: ByteTrack, Zhang et al., ECCV 2022, https://arxiv.org/abs/2110.06864, algorithm 1. Other
        than there, tentative tracks may have weak poses too: a false track then keeps its own false
        poses, which would else pull away confirmed tracks that are lost nearby.
    """
    n = _checked(table, poses)
    costs = [_address_of_cost(cost, (len(table), n)) for cost in (more_cost, looks)]
    table.make_room(n)
    found = Followed(
        np.empty(n, np.int64),
        np.empty(n, np.uint8),
        np.empty(n, np.int32),
        np.empty(table.room, np.int32),
    )
    *arrays, sigmas = table.addresses
    outputs = [array.ctypes.data for array in found]
    where = (*outputs, *arrays, *table.scratch(n), *poses.addresses, sigmas, *costs)
    numbers = (table.room, n, len(table.sigmas), time_s, gate, more_weight)
    library("cpu").call("pt_follow_poses", (*where, config.ctypes.data, *numbers))
    return found._replace(sources=found.sources[: len(table)])


def _checked(table: TrackTable, poses: PoseArrays) -> int:
    """How many poses there are, if they have the keypoints of the tracks."""
    got, wanted = poses.keypoint_scores.shape[1], len(table.sigmas)
    if got != wanted:
        raise ValueError(f"poses must have the {wanted} keypoints of the tracks, got {got}")
    return len(poses)


def _address_of_cost(cost: Float64Array | None, shape: tuple[int, ...]) -> int | None:
    if cost is None:
        return None
    if cost.shape != shape or cost.dtype != np.float64 or not cost.flags.c_contiguous:
        raise ValueError(f"costs must be C-contiguous float64 of shape {shape}, got {cost.shape}")
    return cost.ctypes.data


def _scratch(function: str, sizes: dict[str, int]) -> UInt8Array:
    """Working memory, with room to align it in."""
    return np.empty(library("cpu").scratch_bytes(function, sizes) + _ALIGNMENT, np.uint8)


def _aligned(scratch: UInt8Array) -> tuple[int, int]:
    """Address and bytes of it as the functions take it."""
    at = -(-scratch.ctypes.data // _ALIGNMENT) * _ALIGNMENT
    return at, len(scratch) - _ALIGNMENT
