"""How accurate is the default model for each `--size`, without and with `--flip-test`?

AP (OKS) on a COCO keypoint subset, and PCK@0.2 of the torso for the best pose of every LSP-extended
image, by `posetrack.evaluation`. `speed.py` measures what each of these choices costs.

    python benchmarks/accuracy.py SHARED_DATA_FOLDER --save-as NAME
"""

from __future__ import annotations

import argparse
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from posetrack import EngineOptions, PoseEngine, Poses
from posetrack.apps.media.images import read_image
from posetrack.evaluation.oks_ap import OksAp
from posetrack.evaluation.pck import pck_of_torso
from posetrack.formats import read_coco
from posetrack.structures import COCO_17, Annotations
from posetrack.structures.arrays import UInt8Array
from posetrack.structures.skeleton import skeleton_of
from timing import report

SIZES = ((256,), (384,), (192, 384), (256, 512))
LSP_IMAGES = 300
LIMBS = COCO_17.keypoints[5:]  # shoulders to ankles: what both data sets label


def coco_ap(engine: PoseEngine, folder: Path) -> dict[str, float]:
    """AP of the val subset."""
    truth = read_coco(folder / "person_keypoints_val2017_subset.json")
    results = [
        _without_boxes(engine(read_image(folder / "images" / Path(image.file_name).name)), image)
        for image in truth.images
    ]
    scores = OksAp(truth.images, results, truth.skeleton).scores()
    names = ("AP", "AP50", "AP75", "AP_medium", "AP_large")
    return {name: round(scores[name], 4) for name in names}


def _without_boxes(poses: Poses, image: Annotations) -> Annotations:
    """The results; a pose that is nobody then counts for a class of size by its keypoints."""
    found = Annotations.of_poses(poses, image.image_id)
    return replace(found, boxes=np.full_like(found.boxes, np.nan))


def lsp_pck(engine: PoseEngine, folder: Path) -> float:
    """Share of labelled keypoints of the best pose within 0.2 torso lengths of the truth."""
    truth = read_coco(folder / "val.json")
    labels = [
        image.select_keypoints([truth.skeleton.keypoints.index(name) for name in LIMBS])
        for image in truth.images[:LSP_IMAGES]
    ]
    results = [
        Annotations.of_poses(engine(pixels)[:1], image.image_id).select_keypoints(range(5, 17))
        for image, pixels in _lsp_images(folder, labels)
    ]
    return round(pck_of_torso(labels, results, skeleton_of(LIMBS)).total["PCK@0.2"] / 100, 4)


def _lsp_images(
    folder: Path, images: Sequence[Annotations]
) -> Iterator[tuple[Annotations, UInt8Array]]:
    with tarfile.open(folder / "val.tar") as tar:
        for image in images:
            member = tar.extractfile(image.file_name)
            assert member is not None
            pixels = cv2.imdecode(np.frombuffer(member.read(), np.uint8), cv2.IMREAD_COLOR)
            assert pixels is not None
            yield image, np.ascontiguousarray(pixels[:, :, ::-1])


def measure(sizes: tuple[int, ...], flip_test: bool, data: Path) -> dict[str, Any]:
    """One row of the table."""
    row: dict[str, Any] = {"size": ",".join(map(str, sizes)), "flip_test": flip_test}
    with PoseEngine.load(options=EngineOptions(sizes=sizes, flip_test=flip_test)) as engine:
        row |= coco_ap(engine, data / "coco_keypoints")
        row["PCK"] = lsp_pck(engine, data / "lsp_extended")
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--save-as", metavar="MACHINE")
    arguments = parser.parse_args()
    rows = [
        measure(sizes, flip_test, arguments.data) for sizes in SIZES for flip_test in (False, True)
    ]
    report("accuracy", rows, save_as=arguments.save_as)


if __name__ == "__main__":
    main()
