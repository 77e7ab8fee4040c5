"""When a track begins, counts and ends, and what tells people apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..kernels.tracking import CONFIG
from ..structures import ModelSpec
from ..structures.arrays import AnyArray, BoolArray
from .cues import APPEARANCE, CUES, GEOMETRY
from .motion import MotionNoise

ROUNDING_S = 1e-6  # times that should be equal may differ by this after floating point
_ANY = -math.inf  # a limit that every score reaches
_SCORES = ("confirm_score", "confirm_mean_keypoint_score", "moving_score")
_RANGES: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (_SCORES, lambda value: value is None or not math.isnan(value), "a number"),
    (
        ("carry_s", "coast_s", "confirm_s", "moving_way", "tentative_gap_s"),
        lambda value: value >= 0,
        "at least 0",
    ),
    (
        ("score_memory_s", "keypoint_memory_s", "lost_s", "return_s"),
        lambda value: value > 0,
        "above 0",
    ),
    (
        ("gate", "appearance_gate", "weak_gate", "double_oks"),
        lambda value: 0 < value <= 1,
        "above 0 and at most 1",
    ),
    (
        ("birth_share", "confident_share", "confirm_share", "return_gate"),
        lambda value: 0 <= value <= 1,
        "at least 0, at most 1",
    ),
)


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """The tracker's limits; times are seconds.

    Limits on scores are a model's own: `TrackerConfig.of(spec)` takes them from the model. Without
    them the tracker learns the scale from the scores it sees.
    """

    birth_score: float | None = None  # an unmatched pose starts a track from this pose score on
    confident_score: float | None = None  # weaker poses get what tracks remain, <= birth_score
    birth_share: float = 0.75  # of the typical score so far, where birth_score is None, [0, 1]
    confident_share: float = 0.65  # likewise for confident_score, <= birth_share
    confirm_share: float = 0.8  # likewise for confirm_score
    confirm_s: float = 0.25  # first to latest match before a track is confirmed, s, >= 0
    confirm_matches: int = 2  # poses before a track is confirmed, >= 2
    confirm_score: float | None = None  # a confirmed track needs this mean pose score ...
    confirm_mean_keypoint_score: float = _ANY  # ... and this mean keypoint score: a clear person;
    moving_score: float = _ANY  # or this mean pose score ...
    moving_way: float = 0.2  # ... and to have moved this far from its birth, in box sides
    alone_s: float = 1.5  # a frame so far from both neighbours is judged by itself, s, > 0
    score_memory_s: float = 2.0  # scores older than this count little in those means, s, > 0
    keypoint_memory_s: float = 1.0  # a track's keypoint not found for longer is forgotten, s, > 0
    tentative_gap_s: float = 0.20  # a tentative track unmatched for longer ends, s, >= 0
    lost_s: float = 5.0  # a confirmed one; must exceed the time between frames, s, > 0
    coast_s: float = 0.6  # one lost for longer is no longer expected to go on as it went, s, >= 0
    gate: float = 0.9  # a pose and a track that cost this much or more never match, (0, 1]
    appearance_gate: float = 0.65  # in place of gate where appearance is compared, (0, 1]
    weak_gate: float = 0.5  # the same for poses that are not confident, (0, 1]
    return_s: float = 30.0  # one lost for longer than lost_s, up to this, may return by looks, s
    return_gate: float = 0.3  # a pose returns if its appearance costs less, [0, 1]; 0: nobody does
    camera: bool = False  # the camera's motion is taken out, where images are given
    frame_to_frame: bool = False  # tracks are the poses of the frame before, where they were
    carry_s: float = 0.0  # flow carries on poses that were found at most this long before, s, >= 0
    double_oks: float = 0.5  # a pose as alike to a better one is the same person, (0, 1]
    oks_weight: float = 0.6  # of 1 - keypoint similarity in the cost, >= 0
    iou_weight: float = 0.4  # of 1 - box overlap, >= 0
    motion_weight: float = 0.0  # of the distance from the predicted centre, >= 0
    cosine_weight: float = 0.0  # of the angle between embeddings, >= 0
    euclidean_weight: float = 0.0  # of the distance between embeddings of length 1, >= 0
    colors_weight: float = 0.0  # of how differently people are dressed, >= 0
    flow_weight: float = 0.0  # of 1 - similarity to where optical flow carries a pose, >= 0
    noise: MotionNoise = field(default_factory=MotionNoise)  # how boxes move and how exact they are

    def __post_init__(self) -> None:
        if self.confirm_matches < 2:
            raise ValueError(
                f"confirm_matches must be at least 2, got {self.confirm_matches}: "
                "a pose that appears once is never a person"
            )
        self._check_scores(self.birth_score, self.confident_score)
        if self.confident_share > self.birth_share:
            raise ValueError(
                f"confident_share must not be above birth_share ({self.birth_share}), got "
                f"{self.confident_share}: new tracks could not be continued"
            )
        for names, fits, must_be in _RANGES:
            for name in names:
                if not fits(getattr(self, name)):
                    raise ValueError(f"{name} must be {must_be}, got {getattr(self, name)}")
        if self.carry_s and not self.flow_weight:
            raise ValueError("carry_s needs flow_weight above 0: flow is what carries poses")
        weights = self.cue_weights.values()
        if not weights or not all(0 < weight < math.inf for weight in weights):
            raise ValueError(
                f"cue weights must be finite, none below 0 and one above, got {self.cue_weights}"
            )

    @staticmethod
    def _check_scores(birth: float | None, confident: float | None) -> None:
        if birth is None and confident is None:
            return
        if birth is None or confident is None:
            raise ValueError("birth_score and confident_score must be given both or neither")
        if not confident <= birth:
            raise ValueError(
                f"confident_score must not be above birth_score ({birth}), got {confident}: new "
                "tracks could not be continued"
            )

    @staticmethod
    def of(spec: ModelSpec, preset: TrackerConfig | None = None) -> TrackerConfig:
        """A preset with the limits for a model's scores; none for one that is not calibrated."""
        person, preset = spec.person, preset or TrackerConfig()
        if person is None:
            return preset
        return replace(
            preset,
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
        clear = _ANY if self.confirm_score is None else self.confirm_score
        return np.asarray((scores >= clear) & seen, np.bool_)

    @property
    def appearance(self) -> str:
        """The cue by which looks are compared; empty if none is in use."""
        return next((name for name in APPEARANCE if name in self.cue_weights), "")

    @property
    def cue_weights(self) -> dict[str, float]:
        """Weight by name of every cue in use."""
        weights = {name: float(getattr(self, f"{name}_weight")) for name in (*GEOMETRY, *CUES)}
        return {name: weight for name, weight in weights.items() if weight != 0}

    def native(self) -> AnyArray:
        """(1,) of `CONFIG`, what the native kernels are told; no limit is met but for rounding."""
        patience_s = self.carry_s if self.frame_to_frame else self.lost_s
        tentative_s = 0.0 if self.frame_to_frame else self.tentative_gap_s
        scores = ("birth_score", "confident_score", "confirm_score")
        learned = [name for name in scores if getattr(self, name) is None]
        other = {
            "lost_s": self.lost_s + ROUNDING_S,
            "patience_s": patience_s + ROUNDING_S,
            "tentative_s": tentative_s + ROUNDING_S,
            "returns_after_s": self.confirm_s,
            "confirm_s": self.confirm_s - ROUNDING_S,
            **dict.fromkeys(learned, math.nan),
        }
        record = np.zeros(1, CONFIG)
        for name in CONFIG.names or ():
            holder = self.noise if hasattr(self.noise, name) else self
            record[name] = other[name] if name in other else getattr(holder, name)
        return record
