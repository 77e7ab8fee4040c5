"""Sizing inside a graph: raw images in front of it, poses in their pixels behind it."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from ...kernels.graph_ops import op_of
from ...structures import InputSizing, ModelSpec
from .device import GraphDevice
from .functions.indexing import counted, sides
from .nodes import Nodes
from .value import Value

_PREFIX = "sizing/"
_SIZED = f"{_PREFIX}image"  # what the network's input is called then


def check_any_size(spec: ModelSpec) -> None:
    """Refuse a model whose images no graph can size.

    Raises:
        ValueError: it is one.
    """
    if spec.sizing.crop is not None:
        raise ValueError(f"{spec.name} takes crops of single people: leave --any-size out")
    if spec.sizing.convention != "half-pixel":
        raise ValueError(
            f"the images of {spec.name} are sized by OpenCV's warp, as in training, and no graph "
            "has that: leave --any-size out"
        )


def size_inside(model: onnx.ModelProto, spec: ModelSpec, size: tuple[int, int] | None) -> None:
    """Let a model in graph form take images of any size.

    Args:
        model: takes sized images and gives poses in their pixels; it is changed.
        spec: how images are sized.
        size: (h, w) of the network's input; None: as the description says for each image.
    """
    graph, nodes = model.graph, GraphDevice(_PREFIX)
    image = Value(nodes, "image", np.uint8, (-1,) * 4)
    sized = Value(nodes, _SIZED, np.uint8, (-1,) * 4)
    height, width = (_side(nodes, image, axis) for axis in (1, 2))
    target = (
        [nodes.value(side) for side in size] if size else _sides(nodes, height, width, spec.sizing)
    )
    shape = sides(nodes, *target)
    given = {
        "image": image,
        "target": nodes.Expand(np.float32(0), shape),
        "scale": 0.0,
        "border": int.from_bytes(bytes(spec.sizing.border), "big"),
        "out": sized,
    }
    nodes.place_operator(op_of("pt_size_image"), given)
    ratios = [
        wanted.cast(np.float32) / there.cast(np.float32)
        for wanted, there in zip(target, (height, width), strict=True)
    ]
    scale = nodes.Min(*ratios)
    front = len(nodes.protos)
    for one in graph.node:
        one.input[:] = [_SIZED if name == "image" else name for name in one.input]
    for name, rank in (("keypoints", 4), ("boxes", 3)):
        _move(nodes, graph, name, rank, scale)
    for node in reversed(nodes.protos[:front]):
        graph.node.insert(0, node)
    graph.node.extend(nodes.protos[front:])
    batch = graph.input[0].type.tensor_type.shape.dim[0]
    open_sides = [batch.dim_value or "batch", "height", "width", 3]
    graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, open_sides))


def _side(nodes: Nodes, image: Value, axis: int) -> Value:
    return nodes.Gather(nodes.Shape(image), axis).of_rank(0)


def _sides(nodes: Nodes, height: Value, width: Value, sizing: InputSizing) -> list[Value]:
    """As `ImageTransform.fit_short_side`."""
    multiple = sizing.multiple_of
    short = -(-sizing.size // multiple) * multiple
    longer, shorter = nodes.Max(height, width), nodes.Min(height, width)
    aspect = nodes.Min(longer.cast(np.float32) / shorter.cast(np.float32), sizing.max_aspect)
    steps = nodes.Round(aspect * float(short) / float(multiple)).cast(np.int64)
    long = nodes.Max(steps * multiple, short)
    upright = height > width
    return [nodes.Where(upright, long, short), nodes.Where(upright, short, long)]


def _move(nodes: Nodes, graph: onnx.GraphProto, name: str, rank: int, scale: Value) -> None:
    """From pixels of the network's input to those of the image; rows behind the count stay 0."""
    inner = f"{_PREFIX}{name}"
    for node in graph.node:
        node.output[:] = [inner if output == name else output for output in node.output]
    points = Value(nodes, inner, np.float32, (-1,) * rank)
    counts = Value(nodes, "count", np.int32, (-1,))
    there = (points + 0.5) / scale - 0.5
    shown = counted(nodes, counts, points)
    for _ in range(rank - 2):
        shown = shown[..., None]
    nodes.place("Where", [shown, there, nodes.value(0.0)], [Value(nodes, name, np.float32)])
