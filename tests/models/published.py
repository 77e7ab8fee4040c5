"""MoveNet as Google published it, and the same in the words of this project.

Published arrays have pairs y first and places in [0, 1]; ours have x first and pixels.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from posetrack.engine import model_path

# What the repository carries of the published graph's results.
EXTRACT = Path(__file__).parents[1] / "data" / "parity" / "movenet_multipose.npz"
_HOUSE_NAMES = {
    "regress": "offset",
    "local": "local_offset",
    "box_scale": "box_size",
    "box_offset": "box_offset",
}


def read_arrays(path):
    with np.load(path) as arrays:
        return dict(arrays)


def house_heads(arrays, prefix):
    """Heads under our names, before activation, from arrays such as `multipose_square_center`."""
    maps = {"heatmap": np.concatenate([arrays[f"{prefix}_{n}"] for n in ("heatmap", "center")], 1)}
    for name, house_name in _HOUSE_NAMES.items():
        if f"{prefix}_{name}" in arrays:
            y_first = arrays[f"{prefix}_{name}"]
            x_first = np.empty_like(y_first)
            x_first[:, 0::2], x_first[:, 1::2] = y_first[:, 1::2], y_first[:, 0::2]
            maps[house_name] = x_first
    return maps


def shipped_weights():
    """{published name: float16 array, pairs y first}, read back from the model that ships."""
    weights = {}
    for tensor in onnx.load(model_path("movenet-multipose")).graph.initializer:
        name = tensor.name.removeprefix("network.").removesuffix(".float16")
        if tensor.name.startswith("network."):
            weights[name] = np.array(numpy_helper.to_array(tensor))
    for head in _HOUSE_NAMES:
        for part in ("weight", "bias"):
            x_first = weights[f"head.{head}.out.{part}"].copy()
            weights[f"head.{head}.out.{part}"][0::2] = x_first[1::2]
            weights[f"head.{head}.out.{part}"][1::2] = x_first[0::2]
    return weights
