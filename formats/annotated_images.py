"""A file of annotations that was read whole, and the skeleton that its keypoints follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..structures import Annotations, Skeleton

PERSON = 1  # COCO's category of people


@dataclass(frozen=True, slots=True)
class AnnotatedImages:
    """All images of a data set, or of the results on one.

    Attributes:
        path: the file.
        skeleton: of all people.
        images: one entry an image, in the order of the file; those without people included.
        category: the file's id of people.
    """

    path: Path
    skeleton: Skeleton
    images: list[Annotations]
    category: int = PERSON
