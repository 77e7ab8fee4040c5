"""How accurate is the default model for each `--size`, without and with `--flip-test`?

AP (OKS) by pycocotools on a COCO keypoint subset, and PCK@0.2 of the torso for the best pose of
every LSP-extended image. `speed.py` measures what each of these choices costs.

    python benchmarks/accuracy.py SHARED_DATA_FOLDER --save-as NAME
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from posetrack import EngineOptions, PoseEngine, Poses
from posetrack.apps.media.images import read_image
from posetrack.structures.arrays import Float64Array, UInt8Array
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from timing import report

SIZES = ((256,), (384,), (192, 384), (256, 512))
LSP_IMAGES, LSP_KEYPOINTS, PCK = 300, 12, 0.2  # shoulders to ankles, as COCO's from index 5


def coco_ap(engine: PoseEngine, folder: Path) -> dict[str, float]:
    """AP of the val subset."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "person_keypoints_val2017_subset.json"))
        results = [
            {"image_id": image_id, "category_id": 1, "score": float(score), "keypoints": row}
            for image_id, image in truth.imgs.items()
            for row, score in _coco_rows(
                engine(read_image(folder / "images" / Path(image["file_name"]).name))
            )
        ]
        evaluation = COCOeval(truth, truth.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ("AP", "AP50", "AP75", "AP_medium", "AP_large")
    return {n: round(float(v), 4) for n, v in zip(names, evaluation.stats[:5], strict=True)}


def _coco_rows(poses: Poses) -> Iterator[tuple[list[float], float]]:
    for keypoints, score in zip(poses.keypoints, poses.scores, strict=True):
        row = np.column_stack((keypoints, np.ones(len(keypoints))))
        yield row.ravel().tolist(), score


def lsp_pck(engine: PoseEngine, folder: Path) -> float:
    """Share of labelled keypoints of the best pose within 0.2 torso lengths of the truth."""
    truth = json.loads((folder / "val.json").read_text(encoding="utf-8"))
    people = {person["image_id"]: person for person in truth["annotations"]}
    hits = []
    for image, pixels in _lsp_images(folder, truth["images"][:LSP_IMAGES]):
        labels = np.array(people[image["id"]]["keypoints"], np.float64).reshape(-1, 3)[
            :LSP_KEYPOINTS
        ]
        torso = _torso(labels)
        if torso is None:
            continue
        poses = engine(pixels)
        found = poses.keypoints[0, 5:] if len(poses) else np.full((LSP_KEYPOINTS, 2), np.inf)
        distance = np.linalg.norm(found - labels[:, :2], axis=1)
        hits.extend(distance[labels[:, 2] > 0] <= PCK * torso)
    return round(float(np.mean(hits)), 4)


def _lsp_images(
    folder: Path, images: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], UInt8Array]]:
    with tarfile.open(folder / "val.tar") as tar:
        for image in images:
            member = tar.extractfile(image["file_name"])
            assert member is not None
            pixels = cv2.imdecode(np.frombuffer(member.read(), np.uint8), cv2.IMREAD_COLOR)
            assert pixels is not None
            yield image, np.ascontiguousarray(pixels[:, :, ::-1])


def _torso(labels: Float64Array) -> float | None:
    """Shoulder to opposite hip, whichever diagonal is labelled."""
    for shoulder, hip in ((0, 7), (1, 6)):
        if labels[shoulder, 2] > 0 and labels[hip, 2] > 0:
            return float(np.linalg.norm(labels[shoulder, :2] - labels[hip, :2]))
    return None


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
