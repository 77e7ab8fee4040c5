"""HOTA: detection and association in one number.

Source: Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 2020.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..structures.arrays import BoolArray, Float64Array, Int64Array

ALPHAS = np.arange(0.05, 0.99, 0.05)  # least similarity of a pair that counts
_ROUNDING = np.finfo(float).eps


@dataclass(frozen=True, slots=True)
class HotaCounts:
    """Per alpha (19 each): true positives, misses, false positives, summed association scores."""

    true_positives: Float64Array
    misses: Float64Array
    false_positives: Float64Array
    association: Float64Array

    def __add__(self, other: HotaCounts) -> HotaCounts:
        return HotaCounts(
            self.true_positives + other.true_positives,
            self.misses + other.misses,
            self.false_positives + other.false_positives,
            self.association + other.association,
        )

    @property
    def deta_by_alpha(self) -> Float64Array:
        """(19,) true positives among all pairs, misses and false positives."""
        whole = self.true_positives + self.misses + self.false_positives
        result: Float64Array = self.true_positives / np.maximum(1, whole)
        return result

    @property
    def assa_by_alpha(self) -> Float64Array:
        """(19,) mean association of the true positives."""
        result: Float64Array = self.association / np.maximum(1, self.true_positives)
        return result

    @property
    def hota(self) -> float:
        """Mean over alpha of the geometric mean of detection and association."""
        return self._mean(np.sqrt(self.deta_by_alpha * self.assa_by_alpha))

    @property
    def deta(self) -> float:
        """Mean over alpha."""
        return self._mean(self.deta_by_alpha)

    @property
    def assa(self) -> float:
        """Mean over alpha."""
        return self._mean(self.assa_by_alpha)

    def _mean(self, by_alpha: Float64Array) -> float:
        """NaN where there is nobody on either side."""
        empty = (self.true_positives + self.misses + self.false_positives)[0] == 0
        return float("nan") if empty else float(by_alpha.mean())


class Hota:
    """Counts one sequence.

    What a frame's pairs are depends on the whole sequence, so the pairs that touch are kept until
    the end: 12 bytes each.
    """

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._columns: dict[int, int] = {}
        self._frames = array("i")  # per frame: N, M and how many pairs touch
        self._people = array("i")  # per frame: rows of the objects, columns of the hypotheses
        self._touching = array("i")  # per pair: N * M cell
        self._similarity = array("d")

    def update(self, objects: list[int], hypotheses: list[int], similarity: Float64Array) -> None:
        """Count one frame; `similarity` is (N, M) in [0, 1]."""
        cells = np.flatnonzero(similarity)
        self._frames.extend((len(objects), len(hypotheses), len(cells)))
        self._people.extend(self._rows.setdefault(name, len(self._rows)) for name in objects)
        self._people.extend(
            self._columns.setdefault(name, len(self._columns)) for name in hypotheses
        )
        self._touching.extend(cells.tolist())
        self._similarity.extend(similarity.ravel()[cells].tolist())

    def _kept(self) -> Iterator[tuple[Int64Array, Int64Array, Float64Array]]:
        """(N,) rows, (M,) columns and (N, M) similarity of every frame."""
        frames = np.array(self._frames, np.int64).reshape(-1, 3)
        people = np.array(self._people, np.int64)
        cells = np.array(self._touching, np.int64)
        values = np.array(self._similarity)
        at, pair = 0, 0
        for n, m, touching in frames.tolist():
            similarity = np.zeros(n * m)
            similarity[cells[pair : pair + touching]] = values[pair : pair + touching]
            yield people[at : at + n], people[at + n : at + n + m], similarity.reshape(n, m)
            at, pair = at + n + m, pair + touching

    def counts(self) -> HotaCounts:
        """What was counted so far."""
        size = (len(self._rows), len(self._columns))
        potential = np.zeros(size)
        objects, hypotheses = np.zeros((size[0], 1)), np.zeros((1, size[1]))
        for rows, columns, similarity in self._kept():
            total = similarity.sum(axis=0)[None] + similarity.sum(axis=1)[:, None] - similarity
            share = np.divide(
                similarity, total, out=np.zeros_like(similarity), where=total > _ROUNDING
            )
            potential[rows[:, None], columns] += share
            objects[rows] += 1
            hypotheses[:, columns] += 1
        alignment = potential / np.maximum(objects + hypotheses - potential, _ROUNDING)
        matches = np.zeros((len(ALPHAS), *size))
        for rows, columns, similarity in self._kept():
            pairs = linear_sum_assignment(-alignment[rows[:, None], columns] * similarity)
            counts: BoolArray = similarity[pairs] >= ALPHAS[:, None] - _ROUNDING
            matches[:, rows[pairs[0]], columns[pairs[1]]] += counts
        found = matches.sum(axis=(1, 2))
        association = matches / np.maximum(1, objects + hypotheses - matches)
        return HotaCounts(
            found,
            objects.sum() - found,
            hypotheses.sum() - found,
            (matches * association).sum(axis=(1, 2)),
        )
