"""What tells people apart: the colours of their clothes, or features of the pose network?

    python benchmarks/looks.py [--save-as MACHINE]

People of the clips of ../shared/data, followed by their poses alone. Of two sightings in one clip,
at least 0.4 seconds apart if of one person, how likely are those of the same person more alike than
those of two: the area under the curve, clip by clip and of all (as many pairs of each). Features
are those of MoveNet's backbone at the keypoints, a mean for the head and one for each pair of
joints; each number has mean 0 and deviation 1 over all people, a favour that no tracker could do
them. `dim` halves the light of every other sighting.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from posetrack.apps.media.reading import open_source
from posetrack.engine import PoseEngine, model_path
from posetrack.structures import COCO_17, Poses
from posetrack.structures.arrays import AnyArray, UInt8Array
from posetrack.trackers import PeopleTracker
from posetrack.trackers.limb_colors import limb_colors
from timing import report

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLIPS = (
    *sorted((DATA / "videos").iterdir()),
    DATA / "tracks/multi_person_posetrack/videos/060470979",
)
LAYERS = [f"block{i}/project/Conv_output_0" for i in (1, 3, 6, 10, 13, 16)] + [
    "fpn/fuse4/Relu_output_0"
]
SIGHTINGS = 60  # frames of each clip, spread over it
APART_S = 0.4
PAIRS = 2000  # of each clip and kind in the area of all
LONG_SIDE, MULTIPLE = 512, 32  # px of what the backbone sees


@dataclass(frozen=True, slots=True)
class Sighting:
    """A frame with its people."""

    time_s: float
    image: UInt8Array
    people: Poses


def sightings(engine: PoseEngine, path: Path) -> list[Sighting]:
    """Some frames of a clip in which somebody is."""
    with open_source(path, 25.0) as source:
        found = ((frame, engine(frame.image)) for frame in source.frames())
        tracked = list(PeopleTracker(engine.spec).follow(found))
    tracked = [one for one in tracked if len(one.people)]
    chosen = tracked[:: max(1, len(tracked) // SIGHTINGS)]
    return [Sighting(one.frame.time_s, one.frame.image, one.people) for one in chosen]


def dimmed(shown: list[Sighting]) -> list[Sighting]:
    """Every other frame in half the light."""
    return [
        Sighting(one.time_s, one.image // 2 if i % 2 else one.image, one.people)
        for i, one in enumerate(shown)
    ]


def colors(shown: list[Sighting]) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Looks (N, P, D) of each frame, and which parts there are."""
    for one in shown:
        looks = limb_colors(one.image, one.people, COCO_17)
        yield looks, looks.any(axis=2)


class Backbone:
    """Features of some layers of the default model."""

    def __init__(self) -> None:
        model = onnx.load(model_path("movenet-multipose"))
        names = [name for node in model.graph.node for name in node.output]
        self.layers = [next(n for n in names if n.endswith(layer)) for layer in LAYERS]
        for name in self.layers:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, None))
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(model.SerializeToString(), options)

    def features(self, one: Sighting) -> list[AnyArray]:
        """(N, 7 * channels) of each layer: head, shoulders, elbows, ... ankles."""
        height, width = one.image.shape[:2]
        zoom = LONG_SIDE / max(height, width) / MULTIPLE
        size = (round(width * zoom) * MULTIPLE, round(height * zoom) * MULTIPLE)
        image = cv2.resize(one.image, size, interpolation=cv2.INTER_AREA)[None]
        maps = self._session.run(self.layers, {"image": np.ascontiguousarray(image)})
        return [_at_joints(each[0], one, (height, width)) for each in maps]


def _at_joints(features: AnyArray, one: Sighting, size: tuple[int, int]) -> AnyArray:
    rows, columns = features.shape[1:]
    places = one.people.keypoints * np.float32([columns / size[1], rows / size[0]]) - 0.5
    x, y = np.clip(np.rint(places), 0, (columns - 1, rows - 1)).astype(int).transpose(2, 0, 1)
    taken = features[:, y, x] * (one.people.keypoint_scores > 0.2)  # (C, N, K)
    groups = [taken[..., :5], *(taken[..., k : k + 2] for k in range(5, 17, 2))]
    means = [group.mean(axis=2) for group in groups]
    return np.concatenate(means).T


def area(same: AnyArray, other: AnyArray) -> float:
    """How likely one of `same` is above one of `other`."""
    ranks = np.sort(other)
    below = np.searchsorted(ranks, same, "left") + np.searchsorted(ranks, same, "right")
    return float(below.mean() / 2 / len(other))


def areas(shown: dict[str, list[Sighting]], likeness: dict[str, AnyArray]) -> dict[str, float]:
    """By clip, where there are pairs of both kinds, and of all."""
    rng, found, every = np.random.default_rng(0), {}, ([], [])
    for name, frames in shown.items():
        ids = np.concatenate([one.people.track_ids for one in frames])
        times = np.repeat([one.time_s for one in frames], [len(one.people) for one in frames])
        one, two = np.triu_indices(len(ids), 1)
        alike, same = likeness[name][one, two], ids[one] == ids[two]
        kinds = alike[same & (np.abs(times[one] - times[two]) > APART_S)], alike[~same]
        if min(map(len, kinds)):
            found[name] = round(area(*kinds), 3)
            for pairs, kind in zip(every, kinds, strict=True):
                pairs.append(rng.choice(kind, PAIRS))
    return {**found, "all": round(area(*map(np.concatenate, every)), 3)}


def by_colors(frames: list[Sighting]) -> AnyArray:
    """How alike all people of a clip are, (M, M)."""
    looks, seen = (np.concatenate(each) for each in zip(*colors(frames), strict=True))
    flat, there = looks.reshape(len(looks), -1), seen.astype(np.float32)
    return flat @ flat.T / np.maximum(there @ there.T, 1)


def by_features(features: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Likewise, for every clip."""
    every = np.concatenate(list(features.values()))
    mean, deviation = every.mean(axis=0), every.std(axis=0) + 1e-6
    unit = {name: (rows - mean) / deviation for name, rows in features.items()}
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in unit.items()}
    return {name: rows @ rows.T for name, rows in unit.items()}


def rows_of() -> Iterator[dict[str, Any]]:
    """One row for each kind of looks."""
    with PoseEngine.load() as engine:
        shown = {path.stem[:20]: sightings(engine, path) for path in CLIPS}
    for name, frames in (
        ("colors", shown),
        ("colors, dim", {k: dimmed(v) for k, v in shown.items()}),
    ):
        yield {"looks": name, **areas(shown, {clip: by_colors(v) for clip, v in frames.items()})}
    backbone = Backbone()
    features = {name: [backbone.features(one) for one in each] for name, each in shown.items()}
    for i, layer in enumerate(backbone.layers):
        rows = {name: np.concatenate([one[i] for one in each]) for name, each in features.items()}
        yield {"looks": layer, **areas(shown, by_features(rows))}
    street = next(frames for name, frames in shown.items() if name.startswith("mot17"))[0]
    crowd = street.people[np.arange(30) % len(street.people)]
    times = []
    for _ in range(200):
        start = perf_counter()
        limb_colors(street.image, crowd, COCO_17)
        times.append(perf_counter() - start)
    yield {"looks": "colors", "people": 30, "ms": round(1000 * median(times), 2)}


def main() -> None:
    """Compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    report("looks", list(rows_of()), save_as=parser.parse_args().save_as)


if __name__ == "__main__":
    main()
