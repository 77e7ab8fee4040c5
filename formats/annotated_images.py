"""A file of annotations that was read whole, and the skeleton that its keypoints follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..structures import Annotations, Skeleton


@dataclass(frozen=True, slots=True)
class AnnotatedImages:
    """All images of a data set, or of the results on one.

    Attributes:
        path: the file.
        skeleton: of all people.
        images: one entry an image, in the order of the file; those without people included.
    """

    path: Path
    skeleton: Skeleton
    images: list[Annotations]
