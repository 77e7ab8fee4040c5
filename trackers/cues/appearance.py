"""How alike people look: each track remembers a gallery of looks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ... import kernels
from ...structures import Observation
from ...structures.arrays import AnyArray, BoolArray, Float64Array, Int32Array
from ..limb_colors import BINS, PARTS, limb_colors
from ..tracks import Tracks
from .cue import Cue

_SHARE = 0.1  # of the newest look in the mean of a track's, once there are ten
_SPACING_S = 1.0  # between two that are kept; more as a track grows old, so that they span its life
_OPPOSITE = 2.0  # distance of two unit vectors at most
_STRANGERS = 0.6  # the cosine of colours, to which few people who differ come near


class Appearance(Cue):
    """Compares looks, vectors (D,), with the mean of each track's and with some that it kept.

    The mean has least noise, and those kept know a person from several sides; the nearest counts.
    `Tracks.memory` has the mean and the kept ones side by side, (T, (1 + kept) * D), zeros for what
    is not there, and when the newest of them was kept.
    """

    name: ClassVar[str]  # in `Tracks.memory`
    kept: ClassVar[int] = 4  # looks beside the mean

    def look(self, observation: Observation) -> AnyArray | None:
        """The embeddings (N, D) that somebody computed."""
        seen = observation.embeddings
        return None if seen is None else np.ascontiguousarray(seen, np.float32)

    def distance(self, known: AnyArray, seen: AnyArray) -> Float64Array:
        """(M, N) in [0, 1] between looks (M, D) and (N, D); 1 from one that is all zeros."""
        raise NotImplementedError

    def cost(self, tracks: Tracks, seen: AnyArray) -> Float64Array:
        """(T, N) in [0, 1]: to the nearest look of each track."""
        known = self._known(tracks, seen.shape[1])
        costs = self.distance(known.reshape(-1, seen.shape[1]), seen)
        return np.asarray(costs.reshape(len(known), -1, len(seen)).min(axis=1))

    def length(self, tracks: Tracks) -> int:
        """Of a look; 0 as long as there was none."""
        return int(tracks.memory[self.name].shape[1]) // (1 + self.kept)

    def memory(self, observation: Observation, seen: AnyArray | None) -> dict[str, AnyArray]:
        """The first look is the mean, and the first that is kept."""
        count = len(observation.poses)
        looks = np.zeros((count, 0), np.float32)
        if seen is not None:
            looks = np.zeros((count, 1 + self.kept, seen.shape[1]), np.float32)
            looks[:, :2] = seen[:, None]
            looks = looks.reshape(count, (1 + self.kept) * seen.shape[1])
        if not self.kept:
            return {self.name: looks}
        kept_s = np.full((count, 1), observation.time_s)
        return {self.name: looks, f"{self.name}_kept_s": kept_s}

    def remember(self, tracks: Tracks, rows: Int32Array, time_s: float, seen: AnyArray) -> None:
        """The mean is plain at first and forgets later."""
        known = self._known(tracks, seen.shape[1])
        share = np.maximum(1 / tracks.matches[rows], _SHARE)[:, None]
        share[~known[rows, 0].any(axis=1)] = 1
        known[rows, 0] += share.astype(np.float32) * (seen - known[rows, 0])
        if not self.kept:
            return
        kept_s = tracks.memory[f"{self.name}_kept_s"][:, 0]
        spacing_s = np.maximum(_SPACING_S, (time_s - tracks.born_s[rows]) / self.kept)
        due = time_s - kept_s[rows] >= spacing_s
        kept_s[rows[due]] = time_s
        known[rows[due], 2:] = known[rows[due], 1:-1]
        known[rows[due], 1] = seen[due]

    def _known(self, tracks: Tracks, length: int) -> AnyArray:
        """(T, 1 + kept, D) of the tracks, a view, made zeros where no track has any yet."""
        if not self.length(tracks):
            zeros = np.zeros((len(tracks), (1 + self.kept) * length), np.float32)
            tracks.memory[self.name] = zeros
        return tracks.memory[self.name].reshape(len(tracks), 1 + self.kept, length)


class CosineCue(Appearance):
    """1 - cosine of the angle between embeddings, 1 at most."""

    name = "cosine"

    def distance(self, known: AnyArray, seen: AnyArray) -> Float64Array:
        """(M, N) in [0, 1]."""
        return kernels.appearance_cost(known, seen).astype(np.float64)


class EuclideanCue(Appearance):
    """Half the Euclidean distance between embeddings of length 1, as OGN compares people.

    The paper has one feature for each person who is followed: here the mean, none beside it.

    Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
    Workshops 2019, section 4.2.
    """

    name = "euclidean"
    kept = 0

    def distance(self, known: AnyArray, seen: AnyArray) -> Float64Array:
        """(M, N) in [0, 1]."""
        square = np.maximum(2 - 2 * (_unit(known) @ _unit(seen).T), 0)
        distance = np.minimum(np.sqrt(square) / _OPPOSITE, 1)
        return np.asarray(np.where(_any(known), distance, 1))


class ColorCue(Appearance):
    """How people are dressed, part by part, where there is an image and nobody gave embeddings."""

    name = "colors"

    def look(self, observation: Observation) -> AnyArray | None:
        """(N, D) `limb_colors`, part after part."""
        if observation.image is None or observation.embeddings is not None:
            return None
        colors = limb_colors(observation.image, observation.poses, self.skeleton)
        return colors.reshape(-1, PARTS * BINS)

    def distance(self, known: AnyArray, seen: AnyArray) -> Float64Array:
        """(M, N) in [0, 1]: the mean over all parts; one that either lacks counts as half."""
        (mine, has), (theirs, have) = _parts(known), _parts(seen)
        unlike = (has @ have.T - mine @ theirs.T) / (1 - _STRANGERS)
        shared = has @ have.T
        unlike = np.clip(unlike, 0, shared) + (PARTS - shared) / 2
        return np.asarray(np.where(_any(has), unlike / PARTS, 1), np.float64)


def _any(known: AnyArray) -> BoolArray:
    """(M, 1): what is not all zeros."""
    return np.asarray(known.any(axis=1, keepdims=True), np.bool_)


def _unit(vectors: AnyArray) -> Float64Array:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def _parts(looks: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Looks (M, D) with each part of length 1, and which parts there are (M, PARTS), 0 or 1."""
    parts = looks.reshape(len(looks), PARTS, -1)
    lengths = np.sqrt(np.einsum("mpd,mpd->mp", parts, parts))
    unit = parts / np.where(lengths > 0, lengths, 1)[..., None]
    return unit.reshape(looks.shape), (lengths > 0).astype(np.float32)
