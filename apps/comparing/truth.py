"""What happens to AP, where images are annotated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...evaluation.paired_bootstrap import Comparison, compare
from ...formats import read_coco
from ...structures import Annotations, Poses, ResultFileError


def ap_change(
    truth: Path, names: Sequence[str], first: Sequence[Poses], second: Sequence[Poses]
) -> Comparison:
    """AP of the second model minus that of the first, on the images that are annotated.

    Args:
        truth: COCO ground truth, which knows images by their file names.
        names: of the images.
        first: poses of each image.
        second: likewise.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: it cannot be read, or knows none of the images.
    """
    labels = read_coco(truth)
    by_name = {Path(image.file_name).name: image for image in labels.images}
    known = [row for row, name in enumerate(names) if name in by_name]
    if not known:
        raise ResultFileError(f"{truth} knows none of these images by its name")
    images = [by_name[names[row]] for row in known]
    one, other = (
        [Annotations.of_poses(poses[row], by_name[names[row]].image_id) for row in known]
        for poses in (first, second)
    )
    return compare(images, other, one, labels.skeleton)
