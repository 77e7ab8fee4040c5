"""Models in graph form: the file has found the poses itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...structures import ModelSpec, Session
from ..heads import View
from ..padded_poses import PaddedPoses


class PosesDecoder:
    """The poses that a graph gives, in pixels of its input, brought to the image.

    Args:
        spec: the model's.
        companions: none are needed, they are in the graph.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        self._name = spec.name

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first.

        Args:
            views: one, with `keypoints` (B, N, K, 2), `keypoint_scores` (B, N, K), `scores` (B, N),
                `boxes` (B, N, 4) and `count` (B,).

        Raises:
            ValueError: the images were seen at several sizes.
        """
        if len(views) != 1:
            raise ValueError(f"{self._name} takes one size, got {len(views)}")
        heads, transform = views[0].heads, views[0].transform
        poses = PaddedPoses(
            heads["keypoints"],
            heads["keypoint_scores"],
            heads["scores"],
            heads["boxes"],
            heads["count"],
        )
        return poses.moved(transform.matrix_to_image())
