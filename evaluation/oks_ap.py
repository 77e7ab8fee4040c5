"""COCO's AP and AR by object keypoint similarity, computed by faster-coco-eval.

Source: https://cocodataset.org/#keypoints-eval
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from ..structures import Annotations, Skeleton
from ..structures.arrays import Float64Array
from .oks import areas_of

Scores = dict[str, float]

# Areas in px². `medium` and `large` are COCO's; those below them split `large` as Ronchi and
# Perona do (Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation, ICCV 2017).
SIZES: dict[str, tuple[float, float]] = {
    "all": (0, 1e10),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
    "96 to 128 px": (96**2, 128**2),
    "128 to 256 px": (128**2, 256**2),
    "over 256 px": (256**2, 1e10),
}
# Crowd index from and up to which an image is of a class, as CrowdPose's evaluation takes them.
CROWDS: dict[str, tuple[float, float]] = {"easy": (0, 0.2), "medium": (0.2, 0.8), "hard": (0.8, 9)}
RECALLS = np.linspace(0, 1, 101)
_CATEGORY = 1


class OksAp:
    """AP and AR of results on a data set.

    Args:
        truth: all images.
        results: of some of them.
        skeleton: of both.

    Raises:
        ValueError: results are of an image that is not there, or the scale of a person is unknown.
    """

    def __init__(
        self, truth: Sequence[Annotations], results: Sequence[Annotations], skeleton: Skeleton
    ) -> None:
        self._truth, self._sigmas = truth, np.array(skeleton.sigmas)
        known = {image.image_id for image in truth}
        for image in results:
            if image.image_id not in known:
                raise ValueError(f"there are results of image {image.image_id}, which has no truth")
        self._api = _api(truth)
        # A prediction that is nobody counts for a class of size by the area of its box, or of its
        # keypoints where not all have one.
        boxed = all(not np.isnan(image.boxes).any() for image in results)
        poses = [pose for image in results for pose in _poses(image, boxed=boxed)]
        self._results = self._api.loadRes(poses)
        self._evaluation = self._evaluate([image.image_id for image in truth])

    def _evaluate(self, image_ids: list[int]) -> Any:
        evaluation = COCOeval_faster(
            self._api, self._results, "keypoints", kpt_oks_sigmas=self._sigmas
        )
        evaluation.params.imgIds = image_ids
        evaluation.params.catIds = [_CATEGORY]
        evaluation.params.areaRng = [list(limits) for limits in SIZES.values()]
        evaluation.params.areaRngLbl = list(SIZES)
        evaluation.evaluate()
        evaluation.accumulate()
        return evaluation

    def scores(self) -> Scores:
        """COCO's ten numbers in [0, 1], NaN where nobody is.

        Where all images have a crowd index, they are CrowdPose's nine: the classes are those of
        crowds then, not those of sizes.
        """
        scores = {}
        crowds = all(image.crowd_index == image.crowd_index for image in self._truth)
        for name, table in (("AP", "precision"), ("AR", "recall")):
            scores[name] = self._mean(table)
            scores[f"{name}50"] = self._mean(table, threshold=0)
            scores[f"{name}75"] = self._mean(table, threshold=5)
            for size in () if crowds else ("medium", "large"):
                scores[f"{name}_{size}"] = self._mean(table, size=size)
        return scores | (self._crowd_scores() if crowds else {})

    def _crowd_scores(self) -> Scores:
        scores = {}
        for name, (low, high) in CROWDS.items():
            chosen = [image.image_id for image in self._truth if low <= image.crowd_index < high]
            precision = self._evaluate(chosen).eval["precision"][..., 0, :] if chosen else [-1.0]
            scores[f"AP_{name}"] = _known_mean(np.array(precision))
        return scores

    def size_scores(self) -> dict[str, Scores]:
        """{class of size: AP, AR, people}."""
        areas = np.concatenate([areas_of(image)[_counted(image)] for image in self._truth])
        return {
            size: {
                "AP": self._mean("precision", size=size),
                "AR": self._mean("recall", size=size),
                "people": int(((areas >= low) & (areas <= high)).sum()),
            }
            for size, (low, high) in SIZES.items()
        }

    def precision(self) -> Float64Array:
        """(10, 101) at each threshold and each of `RECALLS`; NaN where nobody is."""
        table = np.array(self._evaluation.eval["precision"])[:, :, 0, 0, 0]
        return np.where(table < 0, np.nan, table)

    def _mean(self, table: str, *, threshold: int | None = None, size: str = "all") -> float:
        values = np.array(self._evaluation.eval[table])[..., list(SIZES).index(size), 0]
        return _known_mean(values if threshold is None else values[threshold])


def _known_mean(values: Float64Array) -> float:
    known = values[values > -1]
    return float(known.mean()) if len(known) else float("nan")


def _counted(image: Annotations) -> Any:
    return ~(image.crowd | image.ignored)


def _api(truth: Sequence[Annotations]) -> Any:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in truth:
        images.append({"id": image.image_id})
        for row, area in enumerate(areas_of(image).tolist()):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image.image_id,
                    "category_id": _CATEGORY,
                    "keypoints": _flat(image, row, image.labels[row]),
                    "num_keypoints": int(not image.ignored[row]),
                    "area": area,
                    "bbox": _corner_and_sides(image.boxes[row]),
                    "iscrowd": int(image.crowd[row]),
                }
            )
    categories = [{"id": _CATEGORY, "name": "person"}]
    return COCO({"images": images, "annotations": annotations, "categories": categories})


def _poses(image: Annotations, *, boxed: bool) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image.image_id,
            "category_id": _CATEGORY,
            "keypoints": _flat(image, row, np.ones(image.labels.shape[1])),
            "score": float(image.scores[row]),
            **({"bbox": _corner_and_sides(image.boxes[row])} if boxed else {}),
        }
        for row in range(len(image))
    ]


def _corner_and_sides(box: Float64Array) -> list[float]:
    return [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()]


def _flat(image: Annotations, row: int, third: Any) -> list[float]:
    flat: list[float] = np.column_stack((image.keypoints[row], third)).ravel().tolist()
    return flat
