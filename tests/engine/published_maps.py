"""Maps that the authors' decoding code was run on, and what their networks' specs say."""

import numpy as np
import parity
from posetrack.engine.heads import View
from posetrack.structures import (
    COCO_17,
    DecoderSpec,
    HeadSpec,
    ImageTransform,
    InputSizing,
    ModelSpec,
)

STRIDE = 4
# The picture that the maps of the `decode` files stand for, and its size in the network's input.
NOTIONAL_IMAGE = (450, 514)
NOTIONAL_SIZE = 448
# What the network's configuration says of its decoding.
PUBLISHED_OPTIONS = {
    "logocap": {"adaptation": "full", "prior": "both", "local_window": 11, "global_window": 97}
}


def make_spec(family, skeleton=COCO_17, rules="released", **options):
    """How a published bottom-up network is run."""
    count = len(skeleton)
    return ModelSpec(
        family=family,
        name=f"{family}-test",
        skeleton=skeleton,
        sizing=InputSizing(size=512, multiple_of=64, convention="hrnet-affine"),
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
        heads=(
            HeadSpec("heatmap", "heatmap", count + 1),
            HeadSpec("offset", "vector", 2 * count, sign=-1),
        ),
        cell_origin="corner",
        decoder=DecoderSpec(family, {**PUBLISHED_OPTIONS.get(family, {}), **options}),
        rules=rules,
    )


def notional_heads(shared, case):
    """View of the shared maps; `case` is n1 or n5, for as many people."""
    arrays = parity.load(shared, "decode_logocap")
    heads = {
        "heatmap": arrays[f"{case}/heatmaps"].astype(np.float32)[None],
        "offset": arrays[f"{case}/offsets"].astype(np.float32)[None],
    }
    return View(heads, ImageTransform.hrnet_affine(NOTIONAL_IMAGE, NOTIONAL_SIZE))


def network_heads(arrays, heatmap, keypoints):
    """View of a network's averaged maps; keypoints are stored where they lie, in cells."""
    position = arrays[keypoints]
    rows, columns = np.indices(position.shape[2:], dtype=np.float32)
    offset = position.copy()
    offset[:, 0::2] = columns - position[:, 0::2]
    offset[:, 1::2] = rows - position[:, 1::2]
    transform = ImageTransform.hrnet_affine(arrays["image_rgb_u8"].shape[:2], 256)
    return View({"heatmap": arrays[heatmap], "offset": offset}, transform)


def blank_level(height, width, transform, test_scale=1.0, count=17):
    """View (1, C, height, width) in which there is nobody."""
    heads = {
        "heatmap": np.zeros((1, count + 1, height, width), np.float32),
        "offset": np.zeros((1, 2 * count, height, width), np.float32),
    }
    return View(heads, transform, test_scale)


def put_pose(level, keypoints, center, value, stride=STRIDE):
    """Regress keypoints (K, 2), input pixels, from the cell (x, y) `center` of that value."""
    x, y = center
    level.heads["heatmap"][0, -1, y, x] = value
    level.heads["offset"][0, :, y, x] = (np.float32([x, y]) - keypoints / stride).reshape(-1)


def put_gaussians(level, keypoints, height=0.9, sigma=2.0, stride=STRIDE):
    """Draw a Gaussian of `sigma` cells around each of the keypoints (K, 2), input pixels."""
    heatmap = level.heads["heatmap"][0]
    rows, columns = np.indices(heatmap.shape[1:])
    for channel, (x, y) in zip(heatmap, keypoints / stride, strict=False):
        squared = (columns - x) ** 2 + (rows - y) ** 2
        np.maximum(channel, height * np.exp(-squared / (2 * sigma**2)), out=channel)


class ScoringNetwork:
    """The pose scoring network of a parity file, as a session."""

    def __init__(self, arrays):
        prefix = "rescore_sd/"
        self.weights = {
            name.removeprefix(prefix): array.astype(np.float32)
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        self.features = None  # what it was last asked about

    def run(self, arrays):
        x = self.features = arrays["features"]
        for layer in ("l1", "l2", "l3"):
            x = x @ self.weights[f"{layer}.weight"].T + self.weights[f"{layer}.bias"]
            x = np.maximum(x, 0) if layer != "l3" else x
        return {"scores": x[:, 0]}


class ConstantScores:
    """A session that answers with given scores."""

    def __init__(self, *scores):
        self.scores = np.float32(scores)

    def run(self, arrays):
        return {"scores": self.scores[: len(arrays["features"])]}
