"""How alike people look, by an embedding of each pose: from a network or from a file."""

from __future__ import annotations

import numpy as np

from ... import kernels
from ...structures import Observation
from ...structures.arrays import AnyArray, Float64Array, Int32Array
from ..tracks import Tracks
from .cue import Cue

_MEMORY = "appearance"  # (T, D) float32: the running mean of each track's embeddings
_SHARE = 0.1  # of the newest embedding in it, once there are ten
_OPPOSITE = 2.0  # distance of two unit vectors at most


class CosineCue(Cue):
    """1 - cosine of the angle between embeddings, 1 at most; poses without one cost 1."""

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array | None:
        """(T, N) in [0, 1]."""
        pair = _embeddings(tracks, observation)
        return None if pair is None else kernels.appearance_cost(*pair).astype(np.float64)

    def memory(self, observation: Observation) -> dict[str, AnyArray]:
        """The embeddings (N, D)."""
        embeddings = observation.embeddings
        empty = np.zeros((len(observation.poses), 0), np.float32)
        return {_MEMORY: empty if embeddings is None else embeddings.astype(np.float32)}

    def remember(self, tracks: Tracks, rows: Int32Array, observation: Observation) -> None:
        """A plain mean at first, later one that forgets."""
        if observation.embeddings is None:
            return
        known = _known(tracks, observation.embeddings)
        new = ~known[rows].any(axis=1)
        share = np.where(new, 1, np.maximum(1 / tracks.matches[rows], _SHARE))[:, None]
        known[rows] += share.astype(np.float32) * (observation.embeddings - known[rows])


class EuclideanCue(CosineCue):
    """Half the Euclidean distance between embeddings of length 1, as OGN compares people.

    Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
    Workshops 2019, section 4.2.
    """

    def cost(self, tracks: Tracks, observation: Observation) -> Float64Array | None:
        """(T, N) in [0, 1]."""
        pair = _embeddings(tracks, observation)
        if pair is None:
            return None
        known, seen = (_unit(embeddings) for embeddings in pair)
        square = np.maximum(2 - 2 * (known @ seen.T), 0)
        return np.asarray(np.minimum(np.sqrt(square) / _OPPOSITE, 1))


def _embeddings(tracks: Tracks, observation: Observation) -> tuple[AnyArray, AnyArray] | None:
    """(T, D) of the tracks, (N, D) of the poses; None where nobody computed any."""
    seen = observation.embeddings
    if seen is None:
        return None
    return _known(tracks, seen), np.ascontiguousarray(seen, np.float32)


def _known(tracks: Tracks, seen: AnyArray) -> AnyArray:
    """(T, D) of the tracks, made zeros where no track has any yet."""
    if not tracks.memory[_MEMORY].shape[1]:
        tracks.memory[_MEMORY] = np.zeros((len(tracks), seen.shape[1]), np.float32)
    return tracks.memory[_MEMORY]


def _unit(vectors: AnyArray) -> Float64Array:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
