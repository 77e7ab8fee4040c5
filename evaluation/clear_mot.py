"""CLEAR MOT: misses, false positives and switches of objects that are followed over time.

Source: Bernardin and Stiefelhagen, Evaluating Multiple Object Tracking Performance, 2008.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np

from ..structures.arrays import Float64Array
from .matching import nearest_pairs


@dataclass(slots=True)
class ClearCounts:
    """What was counted; sums of several sequences are sums of these.

    Attributes:
        objects: true ones, over all frames.
        matches: found ones whose partner is that of the last time.
        switches: found ones whose partner is another.
        misses: those not found.
        false_positives: hypotheses that are nobody.
        fragmentations: times that an object was found again after it was missed; this and the next
            three are 0 unless asked for.
        mostly_tracked, partly_tracked, mostly_lost: objects found in at least 80 %, less, and in
            less than 20 % of their frames.
        distance: sum over matches and switches.
        repeated_distance: what motmetrics from 1.2 on adds to that sum: every pair that could have
            been one, and some events twice; 0 unless asked for.
    """

    objects: int = 0
    matches: int = 0
    switches: int = 0
    misses: int = 0
    false_positives: int = 0
    fragmentations: int = 0
    mostly_tracked: int = 0
    partly_tracked: int = 0
    mostly_lost: int = 0
    distance: float = 0.0
    repeated_distance: float = 0.0

    def __add__(self, other: ClearCounts) -> ClearCounts:
        names = [field.name for field in fields(self)]
        return ClearCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def found(self) -> int:
        """Matches and switches."""
        return self.matches + self.switches

    @property
    def mota(self) -> float:
        """1 - errors / objects; NaN without objects."""
        return 1 - _share(self.misses + self.switches + self.false_positives, self.objects)

    @property
    def motp(self) -> float:
        """Mean distance of those found; NaN if nobody is."""
        return _share(self.distance, self.found)

    @property
    def precision(self) -> float:
        """Found among the hypotheses; NaN without any."""
        return _share(self.found, self.found + self.false_positives)

    @property
    def recall(self) -> float:
        """Found among the objects; NaN without any."""
        return _share(self.found, self.objects)


class ClearMot:
    """Follows the objects of one sequence; frames come in order.

    A pair of the last time that is still allowed stays; all others are assigned at least distance,
    as many as possible. An object that is found again under another partner than the last time is
    a switch, however long ago that was.

    Args:
        lifetimes: count fragmentations, and who is mostly tracked.
        repeated: count `repeated_distance`.
    """

    def __init__(self, *, lifetimes: bool = False, repeated: bool = False) -> None:
        self._lifetimes, self._repeated = lifetimes, repeated
        self._counts = ClearCounts()
        self._partner: dict[int, int] = {}  # object -> hypothesis of the last time
        self._assigned: dict[int, int] = {}  # hypothesis -> object, when it was last assigned
        self._seen: set[int] = set()  # hypotheses that ever had a partner
        self._present: dict[int, int] = defaultdict(int)
        self._found: dict[int, int] = defaultdict(int)
        self._missed: set[int] = set()  # objects that were found once and not the last time

    def partner(self, name: int) -> int:
        """The last hypothesis that was this object; -1 if none ever was."""
        return self._partner.get(name, -1)

    def update(
        self, objects: list[int], hypotheses: list[int], distance: Float64Array
    ) -> list[tuple[int, int, bool]]:
        """Count one frame.

        Args:
            objects: ids of the N true ones, each once.
            hypotheses: ids of the M guesses, each once.
            distance: (N, M); NaN is never paired.

        Returns:
            (row, column, whether it is a switch) of every pair.
        """
        counts = self._counts
        counts.objects += len(objects)
        pairs: list[tuple[int, int, bool]] = []
        if objects and hypotheses:
            if self._repeated:
                counts.repeated_distance += float(np.nansum(distance))
            pairs = self._keep(objects, hypotheses, distance)
            pairs += self._assign(objects, hypotheses, distance, pairs)
        counts.misses += len(objects) - len(pairs)
        counts.false_positives += len(hypotheses) - len(pairs)
        if self._lifetimes:
            self._remember(objects, {objects[row] for row, _, _ in pairs})
        return pairs

    def _keep(
        self, objects: list[int], hypotheses: list[int], distance: Float64Array
    ) -> list[tuple[int, int, bool]]:
        columns = {hypothesis: column for column, hypothesis in enumerate(hypotheses)}
        pairs = []
        for row, name in enumerate(objects):
            column = columns.get(self._partner.get(name, -1))
            if column is None:
                continue
            apart = distance.item(row, column)
            if apart == apart:
                del columns[hypotheses[column]]
                pairs.append((row, column, False))
                self._counts.matches += 1
                self._counts.distance += apart
        return pairs

    def _assign(
        self,
        objects: list[int],
        hypotheses: list[int],
        distance: Float64Array,
        kept: list[tuple[int, int, bool]],
    ) -> list[tuple[int, int, bool]]:
        if len(kept) == min(len(objects), len(hypotheses)):
            return []
        free = distance.copy()
        if kept:
            rows, columns, _ = map(list, zip(*kept, strict=True))
            free[rows, :] = np.nan
            free[:, columns] = np.nan
        pairs = []
        for row, column in zip(*(side.tolist() for side in nearest_pairs(free)), strict=True):
            switch = self._pair(objects[row], hypotheses[column], float(free[row, column]))
            pairs.append((row, column, switch))
        return pairs

    def _pair(self, name: int, hypothesis: int, distance: float) -> bool:
        """Count an assigned pair; whether it is a switch."""
        counts = self._counts
        switch = self._partner.get(name, hypothesis) != hypothesis
        transfer = self._assigned.get(hypothesis, name) != name
        if self._repeated:
            new_to_switch = switch and hypothesis not in self._seen
            new_to_transfer = transfer and name not in self._partner
            counts.repeated_distance += distance * (transfer + new_to_switch + new_to_transfer)
        counts.switches += switch
        counts.matches += not switch
        counts.distance += distance
        self._partner[name] = hypothesis
        self._assigned[hypothesis] = name
        self._seen.add(hypothesis)
        return switch

    def _remember(self, objects: list[int], found: set[int]) -> None:
        for name in objects:
            self._present[name] += 1
            if name in found:
                self._found[name] += 1
                self._counts.fragmentations += name in self._missed
                self._missed.discard(name)
            elif name in self._partner:
                self._missed.add(name)

    def counts(self) -> ClearCounts:
        """What was counted so far."""
        shares = [self._found[name] / frames for name, frames in self._present.items()]
        lost = sum(share < 0.2 for share in shares)
        tracked = sum(share >= 0.8 for share in shares)
        mostly = ClearCounts(
            mostly_tracked=tracked,
            partly_tracked=len(shares) - tracked - lost,
            mostly_lost=lost,
        )
        return self._counts + mostly


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
