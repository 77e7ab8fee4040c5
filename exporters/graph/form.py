"""The graph form of a model: behind the network its decoder, traced, so that poses come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from ...engine.decoders import DECODERS
from ...engine.flip import FlipAverage
from ...engine.heads import Heads, View, activate
from ...engine.padded_poses import PaddedPoses
from ...engine.top_down import TOP_DOWN
from ...structures import HeadSpec, ImageTransform, ModelSpec
from ...structures.closeable import Closeable
from ...structures.model_spec import DecoderSpec
from .definitions import add_functions
from .device import GraphDevice
from .nodes import Value

# Examples to trace with, (B, h, w): whatever the graph takes over from one is not in the other.
_EXAMPLES = ((7, 256, 384), (11, 320, 448))
FLIPPED = "_flipped"  # the ending of what the flipped image's heads are called
# What decoders cannot do inside a graph yet.
_HEAD_FORM_ONLY = ("ogn-mask-rcnn",)


class Inside(NamedTuple):
    """A network, and what its file says of it."""

    model: onnx.ModelProto
    spec: ModelSpec


@dataclass(frozen=True)
class _Traced:
    """A decoder's nodes and what they give."""

    device: GraphDevice
    outputs: Mapping[str, Value]
    initializers: tuple[onnx.TensorProto, ...]


def check_graph_form(spec: ModelSpec) -> None:
    """Refuse a model whose poses cannot be found inside a graph.

    Raises:
        ValueError: it is one.
    """
    if spec.decoder.name in _HEAD_FORM_ONLY:
        raise ValueError(
            f"{spec.name} has no graph form: use --post none, and the engine decodes its heads"
        )


def with_poses(
    model: onnx.ModelProto,
    spec: ModelSpec,
    companions: Mapping[str, onnx.ModelProto],
    *,
    flip_around: bool = False,
) -> Inside:
    """A head-form model with its decoder in it.

    Args:
        model: outputs the heads of the spec, before their activation; of a flip test around the
            network also those of the flipped images, with the ending `_flipped`.
        spec: of the head form.
        companions: the further networks that the decoder runs, by role; they get into the graph.
        flip_around: the heads of the flipped images are there and are averaged in.

    Returns:
        The model, and its spec: the heads are the outputs, poses in network-input pixels.

    Raises:
        ValueError: what the graph would do depends on the size of its input.
    """
    fixed = _fixed_sizes(model)
    examples = [
        [given or any_size for given, any_size in zip(fixed, example, strict=True)]
        for example in _EXAMPLES
    ]
    traced = [_trace(spec, companions, example, flip_around) for example in examples]
    if traced[0].device.protos != traced[1].device.protos:
        raise ValueError(
            f"what {spec.name} does depends on the size of its input: fix it with --size, and with "
            "--batch how many images there are, or use --post none"
        )
    first = traced[0]
    graph = model.graph
    heads = [output.name for output in graph.output]
    del graph.output[:]
    # slimming leaves some twice, and names of sides to which sizing gives a new meaning
    del graph.value_info[:]
    graph.node.extend(_needed(first.device.protos, first.outputs.values()))
    graph.initializer.extend(first.initializers)
    batch = "batch" if fixed[0] is None else fixed[0]
    for name, value in first.outputs.items():
        graph.node.append(helper.make_node("Identity", [value.name], [name]))
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        graph.output.append(helper.make_tensor_value_info(name, kind, [batch, *value.shape[1:]]))
    assert not set(heads) & set(first.outputs)
    return Inside(add_functions(model), _spec_of_poses(spec, first.outputs, flip_around))


def _needed(nodes: Sequence[onnx.NodeProto], outputs: Iterable[Value]) -> list[onnx.NodeProto]:
    """The nodes, in their order, without those of which nothing is used; none has a subgraph."""
    used = {value.name for value in outputs}
    needed = []
    for node in reversed(nodes):
        if used.intersection(node.output):
            used.update(node.input)
            needed.append(node)
    return needed[::-1]


def _fixed_sizes(model: onnx.ModelProto) -> list[int | None]:
    """Batch, height and width of the input, None where they are open."""
    sides = model.graph.input[0].type.tensor_type.shape.dim[:3]
    return [side.dim_value or None for side in sides]


def _trace(
    spec: ModelSpec,
    companions: Mapping[str, onnx.ModelProto],
    example: Sequence[int],
    flip_around: bool,
) -> _Traced:
    device = GraphDevice("poses/")
    height, width = example[1:]
    straight = activate(_heads(device, spec, example), spec)
    if flip_around:
        flipped = activate(_heads(device, spec, example, FLIPPED), spec)
        straight = FlipAverage(spec).of(straight, flipped, width)
    sessions = {role: _Network(role, model, device) for role, model in companions.items()}
    poses = _decoded(spec, straight, sessions, (height, width))
    outputs = _outputs(device, poses)
    initializers = [one for session in sessions.values() for one in session.initializers]
    return _Traced(device, outputs, tuple(initializers))


def _heads(device: GraphDevice, spec: ModelSpec, example: Sequence[int], ending: str = "") -> Heads:
    """The heads of the example as traced arrays."""
    batch, height, width = example
    heads: dict[str, Any] = {}
    for head in spec.heads:
        shape: tuple[int, ...] = (batch, head.channels, height // head.stride, width // head.stride)
        if head.kind == "coordinates":
            keypoints = len(spec.skeleton)
            shape = (batch, keypoints, head.channels // keypoints)
        heads[head.name] = Value(device, head.name + ending, np.float32, shape)
    return heads


def _decoded(
    spec: ModelSpec, heads: Heads, sessions: Mapping[str, _Network], size: tuple[int, int]
) -> PaddedPoses:
    """The poses in pixels of the network's input."""
    if spec.decoder.name in TOP_DOWN:
        crops: PaddedPoses = TOP_DOWN[spec.decoder.name](spec).crop_poses(heads)
        return crops
    unmoved = ImageTransform(size, size, 1.0, (0.0, 0.0))
    return DECODERS[spec.decoder.name](spec, sessions)([View(heads, unmoved)])


def _outputs(device: GraphDevice, poses: Any) -> dict[str, Value]:
    """What the graph gives, by name, of `PaddedPoses` that are traced."""
    keypoints, boxes = poses.keypoints, poses.boxes
    count = poses.counts
    if count is None:
        count = device.for_each_image(np.array(keypoints.shape[1], np.int32), keypoints)
    outputs = {
        "keypoints": keypoints,
        "keypoint_scores": poses.keypoint_scores,
        "scores": poses.scores,
        "boxes": boxes,
        "count": count,
    }
    if poses.depth_mm is not None:
        outputs["depth_mm"] = poses.depth_mm
    return outputs


def _spec_of_poses(spec: ModelSpec, outputs: Mapping[str, Value], flip_around: bool) -> ModelSpec:
    """What the file says of itself; a decoder for crops still suppresses in the image."""
    heads = [
        HeadSpec(name, "detection", int(np.prod(value.shape[2:], dtype=int)), 1)
        for name, value in outputs.items()
    ]
    decoder = spec.decoder if spec.decoder.name in TOP_DOWN else DecoderSpec("poses")
    flip = "done" if flip_around else spec.flip
    # a flip test that is not in the file can no longer go around it
    flip = "inside" if flip == "around" else flip
    return replace(spec, heads=tuple(heads), decoder=decoder, flip=flip)


class _Network(Closeable):
    """A companion as a `DeviceSession` of traced arrays: to run it puts its graph into theirs."""

    backend, device, precision = "graph", "graph", "fp32"
    spec_json = None

    def __init__(self, role: str, model: onnx.ModelProto, nodes: GraphDevice) -> None:
        self._graph = compose.add_prefix(model, f"{role}/").graph
        self._nodes = nodes
        self.inputs = tuple(one.name for one in model.graph.input)
        self.outputs = tuple(one.name for one in model.graph.output)
        self.initializers = list(self._graph.initializer)

    def run(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """Never called: the arrays lie on the graph's device."""
        raise TypeError("a traced network has no arrays of the host")

    def run_on_device(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """The companion's nodes behind the arrays; once for each file."""
        for name, one in zip(self.inputs, self._graph.input, strict=True):
            self._nodes.place("Identity", [arrays[name]], [Value(self._nodes, one.name, "f4")])
        self._nodes.protos.extend(self._graph.node)
        rows = next(iter(arrays.values())).shape[0]
        return {
            name: Value(self._nodes, one.name, np.float32, (rows, *_sides(one)[1:]))
            for name, one in zip(self.outputs, self._graph.output, strict=True)
        }

    def close(self) -> None:
        """Nothing is open."""


def _sides(value: onnx.ValueInfoProto) -> list[int]:
    assert value.type.tensor_type.elem_type == TensorProto.FLOAT
    return [side.dim_value for side in value.type.tensor_type.shape.dim]
