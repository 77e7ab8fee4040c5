"""Makers of annotations for tests: standing people of PoseTrack's skeleton."""

import numpy as np
from posetrack.structures import POSETRACK_15, Annotations

K = len(POSETRACK_15)
# A standing person, one unit tall, in the order of `POSETRACK_15`.
_FIGURE = np.array([
    (-0.08, 0.45), (-0.08, 0.25), (-0.08, 0.04), (0.08, 0.04), (0.08, 0.25), (0.08, 0.45),
    (-0.14, 0.03), (-0.14, -0.12), (-0.11, -0.30), (0.11, -0.30), (0.14, -0.12), (0.14, 0.03),
    (0, -0.33), (0, -0.42), (0, -0.5),
])  # fmt: skip


def standing(x, y=200.0, height=100.0):
    """(15, 2) keypoints of a person around (x, y)."""
    return _FIGURE * height + (x, y)


def frame(people, *, score=0.5, height=100.0, **known):
    """Annotations of one frame.

    Args:
        people: {track id: x}, or {track id: (x, y)}.
        score: of every keypoint.
        height: of everybody; head boxes have a diagonal of a fifth of it, so a head size is 12 %.
        known: other attributes, or `labels` of everybody.
    """
    places = [place if isinstance(place, tuple) else (place, 200.0) for place in people.values()]
    n = len(places)
    keypoints = np.array([standing(x, y, height) for x, y in places]).reshape(n, K, 2)
    head = np.array([(x, y - 0.42 * height) for x, y in places]).reshape(n, 2)
    half = 0.2 * height / np.sqrt(8)
    known = {
        "labels": np.full((n, K), 2),
        "keypoint_scores": np.full((n, K), score),
        "scores": np.full(n, score),
        "head_boxes": np.hstack((head - half, head + half)),
        "track_ids": list(people),
    } | known
    return Annotations.of(keypoints, known.pop("labels"), **known)


def video(*frames):
    """Frames from `{track id: x}` dictionaries, numbered."""
    return [frame(people, image_id=i) for i, people in enumerate(frames)]
