"""When a track begins, counts and ends, and what tells people apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..structures import ModelSpec
from ..structures.arrays import AnyArray, BoolArray
from .cues import CUES
from .motion import MotionNoise

ROUNDING_S = 1e-6  # times that should be equal may differ by this after floating point
_ANY = -math.inf  # a limit that every score reaches
_SCORES = ("confirm_score", "confirm_mean_keypoint_score", "moving_score")
_RANGES: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (_SCORES, lambda value: not math.isnan(value), "a number"),
    (("confirm_s", "moving_way", "tentative_gap_s"), lambda value: value >= 0, "at least 0"),
    (("score_memory_s", "lost_s"), lambda value: value > 0, "above 0"),
    (("gate", "weak_gate"), lambda value: 0 < value <= 1, "above 0 and at most 1"),
)


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """The tracker's limits; times are seconds.

    Limits on scores are a model's own: `TrackerConfig.of(spec)` takes them from the model. By
    themselves they let every pose start a track and every track become a person.
    """

    birth_score: float = _ANY  # an unmatched pose starts a track from this pose score on
    confident_score: float = _ANY  # weaker poses get the tracks that remain, <= birth_score
    confirm_s: float = 0.25  # first to latest match before a track is confirmed, s, >= 0
    confirm_matches: int = 2  # poses before a track is confirmed, >= 2
    confirm_score: float = _ANY  # a confirmed track needs this mean pose score ...
    confirm_mean_keypoint_score: float = _ANY  # ... and this mean keypoint score: a clear person;
    moving_score: float = _ANY  # or this mean pose score ...
    moving_way: float = 0.2  # ... and to have moved this far from its birth, in box sides
    score_memory_s: float = 2.0  # scores older than this count little in those means, s, > 0
    tentative_gap_s: float = 0.20  # a tentative track unmatched for longer ends, s, >= 0
    lost_s: float = 1.5  # a confirmed one; must exceed the time between frames, s, > 0
    gate: float = 0.7  # a pose and a track that cost this much or more never match, (0, 1]
    weak_gate: float = 0.4  # the same for poses that are not confident, (0, 1]
    oks_weight: float = 0.6  # of 1 - keypoint similarity in the cost, >= 0
    iou_weight: float = 0.4  # of 1 - box overlap in the cost, >= 0
    noise: MotionNoise = field(default_factory=MotionNoise)  # how boxes move and how exact they are

    def __post_init__(self) -> None:
        if self.confirm_matches < 2:
            raise ValueError(
                f"confirm_matches must be at least 2, got {self.confirm_matches}: "
                "a pose that appears once is never a person"
            )
        if not self.confident_score <= self.birth_score:
            raise ValueError(
                f"confident_score must not be above birth_score ({self.birth_score}), got "
                f"{self.confident_score}: new tracks could not be continued"
            )
        for names, fits, must_be in _RANGES:
            for name in names:
                if not fits(getattr(self, name)):
                    raise ValueError(f"{name} must be {must_be}, got {getattr(self, name)}")
        weights = self.cue_weights.values()
        if not weights or not all(0 < weight < math.inf for weight in weights):
            raise ValueError(
                f"cue weights must be finite, none below 0 and one above, got {self.cue_weights}"
            )

    @staticmethod
    def of(spec: ModelSpec) -> TrackerConfig:
        """The limits for a model's scores; no limits for a model that is not calibrated."""
        person = spec.person
        if person is None:
            return TrackerConfig()
        return TrackerConfig(
            birth_score=person.track,
            confident_score=person.track,
            confirm_score=person.clear,
            confirm_mean_keypoint_score=person.mean_keypoint_score,
            moving_score=person.moving,
        )

    def clear_people(self, scores: AnyArray, mean_keypoint_scores: AnyArray) -> BoolArray:
        """(N,): which are people by their scores alone, pose scores (N,) and mean keypoint scores.

        Things that resemble a person (the foot of a table) reach the first and not the second.
        """
        seen = mean_keypoint_scores >= self.confirm_mean_keypoint_score
        return np.asarray((scores >= self.confirm_score) & seen, np.bool_)

    @property
    def cue_weights(self) -> dict[str, float]:
        """Weight by name of every cue in use."""
        weights = {name: float(getattr(self, f"{name}_weight")) for name in CUES}
        return {name: weight for name, weight in weights.items() if weight != 0}
