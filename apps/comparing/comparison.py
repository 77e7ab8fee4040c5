"""Two models on the same images: how far apart they are, and whether that is too far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...evaluation.paired_bootstrap import Comparison
from ...evaluation.pose_differences import Counted, PoseDifferences, pose_differences
from ...structures import Poses
from ...structures.arrays import AnyArray, Float64Array, UInt8Array
from .side import Side


@dataclass(frozen=True, slots=True)
class Limits:
    """What two models may differ by."""

    median_px: float = 0.5  # of keypoints
    worst_px: float = 4.0  # of all but one in a hundred, for which rounding chose another peak
    lost: float = 0.05  # share of people that only one of them finds
    head_error: float = 0.05  # of each head, relative
    ap_drop: float = 0.01


@dataclass
class HeadError:
    """Of one head over all images."""

    squared: float = 0.0  # sums
    power: float = 0.0
    worst: float = 0.0  # in the head's units
    finite: bool = True

    def add(self, first: AnyArray, second: AnyArray) -> None:
        """Take an image's heads in."""
        apart = first.astype(np.float64) - second
        self.finite = self.finite and bool(np.isfinite(second).all())
        self.squared += float((apart**2).sum())
        self.power += float((first.astype(np.float64) ** 2).sum())
        self.worst = max(self.worst, float(np.abs(apart).max(initial=0.0)))

    @property
    def relative(self) -> float:
        """Root of the mean square, as a share of that of the first's head."""
        return float(np.sqrt(self.squared / self.power)) if self.power else float(self.squared > 0)


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """What was found.

    Attributes:
        names: of both sides.
        keypoints: names.
        poses: how far those lie apart.
        heads: errors by the heads' names; empty where a side gives none.
        average_precision: of the second against the first on annotated images, if there are any.
    """

    names: tuple[str, str]
    keypoints: tuple[str, ...]
    poses: PoseDifferences
    heads: dict[str, HeadError] = field(default_factory=dict)
    average_precision: Comparison | None = None

    def faults(self, limits: Limits) -> list[str]:
        """What is beyond the limits, in words; empty if nothing is."""
        found = []
        pixels = self.poses.counted
        if len(pixels) and (median := float(np.median(pixels))) > limits.median_px:
            found.append(f"keypoints are {median:.2f} px apart in the median")
        if len(pixels) and (worst := almost_worst(pixels)) > limits.worst_px:
            found.append(f"one keypoint in a hundred is {worst:.2f} px off or more")
        missed = self.poses.lost + self.poses.gained
        if missed > limits.lost * max(self.poses.found, 1):
            found.append(f"{self.poses.lost} people are lost and {self.poses.gained} gained")
        for name, error in self.heads.items():
            if not error.finite:
                found.append(f"{name} has values that are no finite numbers")
            elif error.relative > limits.head_error:
                found.append(f"{name} is {100 * error.relative:.1f} % off")
        precision = self.average_precision
        if precision is not None and -precision.difference > limits.ap_drop:
            found.append(f"AP falls by {-precision.difference:.3f}")
        return found

    @property
    def document(self) -> dict[str, Any]:
        """For `--json`."""
        pixels = self.poses.counted
        document: dict[str, Any] = {
            "sides": list(self.names),
            "images": self.poses.images,
            "people": self.poses.found,
            "lost": self.poses.lost,
            "gained": self.poses.gained,
            "keypoints": int(pixels.size),
            "ties": int(self.poses.ties.sum()),
            "median_px": float(np.median(pixels)) if pixels.size else None,
            "p99_px": almost_worst(pixels) if pixels.size else None,
            "worst_px": float(pixels.max()) if pixels.size else None,
            "worst_score": float(self.poses.scores.max()) if len(self.poses.scores) else None,
            "per_keypoint": {
                row[0]: dict(zip(("median_px", "worst_px"), row[1], strict=True))
                for row in self.keypoint_rows()
            },
            "heads": {
                name: {"relative": error.relative, "worst": error.worst, "finite": error.finite}
                for name, error in self.heads.items()
            },
        }
        if self.average_precision is not None:
            one = self.average_precision
            document["ap"] = {"difference": one.difference, "low": one.low, "high": one.high}
        return document

    def keypoint_rows(self) -> list[tuple[str, list[float | None]]]:
        """Of each keypoint its name, and the median and worst distance."""
        rows: list[tuple[str, list[float | None]]] = []
        for k, name in enumerate(self.keypoints):
            column = self.poses.pixels[:, k]
            column = column[~self.poses.ties[:, k] & ~np.isnan(column)]
            known = [float(np.median(column)), float(column.max())] if len(column) else [None, None]
            rows.append((name, list(known)))
        return rows


def almost_worst(pixels: Float64Array) -> float:
    """What all but one in a hundred stay below."""
    return float(np.percentile(pixels, 99))


def compare_models(
    first: Side, second: Side, images: Iterable[UInt8Array], counted: Counted
) -> tuple[ModelComparison, list[Poses], list[Poses]]:
    """Run both over the same images.

    Args:
        first: the measure.
        second: what is held against it.
        images: (H, W, 3) uint8 RGB each.
        counted: which poses and keypoints count.

    Returns:
        The comparison, and both models' poses of each image.

    Raises:
        ValueError: they are of other skeletons.
    """
    names = first.spec.skeleton.keypoints
    if second.spec.skeleton.keypoints != names:
        raise ValueError(
            f"{first.name} and {second.name} have other keypoints: they cannot be compared"
        )
    errors: dict[str, HeadError] = {}
    found: list[list[Poses]] = [[], []]
    for image in images:
        seen = first.look(image), second.look(image)
        for (poses, _), rows in zip(seen, found, strict=True):
            rows.append(poses)
        if first.gives_heads and second.gives_heads:
            one, other = (heads for _, heads in seen)
            for name in one.keys() & other.keys():
                errors.setdefault(name, HeadError()).add(one[name], other[name])
    apart = pose_differences(found[0], found[1], len(names), counted)
    in_order = {name: errors[name] for name in sorted(errors)}
    comparison = ModelComparison((first.name, second.name), names, apart, in_order)
    return comparison, found[0], found[1]
