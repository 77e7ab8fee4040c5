"""What every writer of poses has in common: two methods, finite numbers."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np

from ..structures import Frame, Poses
from ..structures.arrays import Float64Array

# How far a file has come, for JSON.
WriterState: TypeAlias = dict[str, Any]


class PoseWriter(Protocol):
    """Writes the poses of one source to one file, frame by frame, in constant memory."""

    def write(self, frame: Frame, poses: Poses) -> None:
        """Append one frame; frames come in the order of their index, empty ones included.

        Raises:
            ValueError: the poses have another number of keypoints than the file, or a pose score
                or box is not finite.
        """
        ...

    def state(self) -> WriterState:
        """How far the file has come: its writer can be opened again there.

        All that was written is handed to the system first.
        """
        ...

    def close(self, complete: bool) -> None:
        """Finish the file; a second call does nothing.

        Args:
            complete: every frame was written. If not, the file must not be taken for a whole one.
        """
        ...


def keypoint_triples(poses: Poses, num_keypoints: int, frame: Frame) -> Float64Array:
    """(N, K, 3) x, y, score of every keypoint; 0, 0, 0 where one of the three is not finite.

    JSON knows neither NaN nor infinity, hence the checks.

    Raises:
        ValueError: K is not `num_keypoints`, or a pose score or box is not finite.
    """
    n, k = poses.keypoint_scores.shape
    if k != num_keypoints:
        raise ValueError(
            f"frame {frame.index}: poses must have {num_keypoints} keypoints like the file's "
            f"skeleton, got {k}"
        )
    if not (np.isfinite(poses.scores).all() and np.isfinite(poses.boxes).all()):
        raise ValueError(f"frame {frame.index}: scores and boxes of poses must be finite")
    triples = np.empty((n, k, 3))
    triples[..., :2] = poses.keypoints
    triples[..., 2] = poses.keypoint_scores
    finite = np.isfinite(triples)
    if not finite.all():
        triples[~finite.all(axis=2)] = 0
    return triples
