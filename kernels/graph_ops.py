"""The operators of domain `posetrack`: what a kernel is called and takes inside an ONNX graph.

An operator is its kernel: inputs and outputs are the kernel's arrays in the header's order, and
attributes the numbers that no input's shape shows. Three things differ:

- All inputs must be given. A kernel that may do without one is a second operator, such as
  `PosetrackFuseOffsetsWithoutOffsets`.
- A map is enlarged by a whole `ratio`, so that a graph may leave the image's size open.
- Outputs that may have either element type are float32.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .contract import CONTRACTS, SCRATCH_BYTES, Argument, Contract

__all__ = [
    "DOMAIN",
    "OPS",
    "PLUGINS",
    "RATIO",
    "VERSION",
    "GraphOp",
    "has_op",
    "op_of",
    "parsed_side",
]

DOMAIN = "posetrack"
VERSION = 1  # of every operator: any change to one that a written file would notice counts it up

RATIO = "ratio"
# such as 4, B, 2K, K * C, 3L + K
_SIDE = re.compile(r"(\d*)([A-Za-z]\w*)?(?: \* ([A-Za-z]\w*))?(?: \+ ([A-Za-z]\w*))?")

# Kernels that may stand in a graph; behind each the inputs without which it is another operator.
_KERNELS: dict[str, tuple[str, ...]] = {
    "adaptive_convolution": ("translation",),
    "center_nms_topk": (),
    "center_offset_decode": (),
    "fit_gaussians": (),
    "fuse_offsets": ("offsets",),
    "gaussian_argmax": ("boxes",),
    "global_adaptation": ("kernels",),
    "heatmap_argmax": (),
    "keypoint_extents": (),
    "level_scores": (),
    "local_windows": (),
    "merge_flipped": (),
    "movenet_boxes": (),
    "movenet_positions": ("heatmap",),
    "movenet_shared_values": (),
    "nms_near_keypoints": (),
    "nms_oks_visible": (),
    "pose_scores": (),
    "quarter_offset_argmax": (),
    "sample_heat": (),
    "scoring_feature": (),
    "select_poses": (),
    "size_image": (),
    "snap_to_peaks": (),
    "soft_argmax": (),
    "upsample_maps": (),
    "upsampled_peaks": (),
}
# Of a kernel that is told a size which an array of a graph has: the operator has that array as its
# last input, and looks at its shape alone. It is the map whose peaks are given, or an array of the
# network's input size.
_SIZED_BY = {
    "size_image": Argument("target", "void", pointer=True, shape=("h", "w")),
    "snap_to_peaks": Argument("maps", "void", pointer=True, shape=("B", "K", "h", "w")),
}


@dataclass(frozen=True, eq=False)
class GraphOp:
    """An operator.

    Attributes:
        name: its type in a graph.
        contract: of its kernel.
        left_out: the input that this kernel does without, "" for none.
        sized_by: an input whose shape alone counts, or None.
    """

    name: str
    contract: Contract
    left_out: str = ""
    sized_by: Argument | None = None

    @cached_property
    def inputs(self) -> tuple[Argument, ...]:
        """The arrays that it takes, in order."""
        given = [a for a in self.contract.arrays if not a.output and a.name != self.left_out]
        return (*given, self.sized_by) if self.sized_by else tuple(given)

    @cached_property
    def outputs(self) -> tuple[Argument, ...]:
        """The arrays that it gives, in order."""
        return tuple(a for a in self.contract.arrays if a.output)

    @cached_property
    def attributes(self) -> tuple[Argument, ...]:
        """The numbers that it must be told, in order; `ratio` stands for the enlarged H and W."""
        told = [a for a in self.contract.arguments if not a.pointer and not self._is_shown(a)]
        if not self.enlarges:
            return tuple(told)
        rest = [a for a in told if a.name not in ("H", "W")]
        return (*rest, Argument(RATIO, "int64_t"))

    @cached_property
    def enlarges(self) -> bool:
        """Whether it works on a map as if that were `ratio` times as large."""
        return "W" in self.contract.by_name and "W" not in self._sides

    def call(self, arrays: Mapping[str, Any], attributes: Mapping[str, float]) -> dict[str, Any]:
        """What the kernel is given, by the names of its header, see `kernels.call.run`.

        Args:
            arrays: the operator's inputs by name.
            attributes: its numbers by name.
        """
        given = {a.name: arrays[a.name] for a in self.inputs if a is not self.sized_by}
        given |= {self.contract.dtype_of(a): np.float32 for a in self.outputs if a.type == "void"}
        given |= {n: value for n, value in attributes.items() if n in self.contract.by_name}
        if self.enlarges:
            height, width = next(
                arrays[a.name].shape[-2:] for a in self.inputs if a.shape[-1] == "w"
            )
            ratio = int(attributes[RATIO])
            enlarged = {"H": height * ratio, "W": width * ratio}
            given |= {
                name: side for name, side in enlarged.items() if name in self.contract.by_name
            }
        if self.left_out == "kernels":
            given["s"] = 1
        if self.sized_by is not None and self.sized_by.name == "target":
            given["h"], given["w"] = arrays["target"].shape
        return given

    def _is_shown(self, argument: Argument) -> bool:
        """Whether the arrays show a number."""
        name = argument.name
        kept = name.endswith("_batch_stride") or argument.type == "pt_dtype"
        # a kernel that is left out has no side to read
        return kept or name == SCRATCH_BYTES or name in self._sides or self._is_kernel_side(name)

    def _is_kernel_side(self, name: str) -> bool:
        return (self.left_out, name) == ("kernels", "s")

    @cached_property
    def _sides(self) -> frozenset[str]:
        """The sizes that stand alone, or with a factor, as a side of an input."""
        sides = [side for array in self.inputs for side in array.shape]
        matches = [re.fullmatch(r"\d*([A-Za-z]\w*)", side) for side in sides]
        return frozenset(match[1] for match in matches if match)


def _camel(kernel: str) -> str:
    return "Posetrack" + "".join(part.capitalize() for part in kernel.split("_"))


def _ops() -> dict[str, GraphOp]:
    ops = []
    for kernel, optional in _KERNELS.items():
        contract, sized_by = CONTRACTS[f"pt_{kernel}"], _SIZED_BY.get(kernel)
        ops.append(GraphOp(_camel(kernel), contract, sized_by=sized_by))
        for name in optional:
            variant = f"{_camel(kernel)}Without{name.capitalize()}"
            ops.append(GraphOp(variant, contract, name, sized_by))
    return {op.name: op for op in ops}


# name -> operator
OPS: dict[str, GraphOp] = _ops()
# Those that can be plugins of TensorRT, which gives a plugin no array of bytes.
PLUGINS = {n: op for n, op in OPS.items() if all(a.type != "uint8_t" for a in op.inputs)}
_BY_KERNEL = {(op.contract.name, op.left_out): op for op in OPS.values()}


def has_op(kernel: str, left_out: str) -> bool:
    """Whether a kernel without one of its inputs is an operator."""
    return (kernel, left_out) in _BY_KERNEL


def op_of(kernel: str, left_out: str = "") -> GraphOp:
    """The operator of a kernel, such as `pt_sigmoid`, without one of its inputs.

    Raises:
        ValueError: there is none.
    """
    op = _BY_KERNEL.get((kernel, left_out))
    if op is None:
        without = f" without {left_out}" if left_out else ""
        raise ValueError(f"{kernel}{without} is no operator of a graph")
    return op


def parsed_side(side: str) -> tuple[int, str, str, str]:
    """A side of an array as factor * first * second + added, "" for none.

    Raises:
        ValueError: it is made otherwise.
    """
    match = _SIDE.fullmatch(side)
    if match is None:
        raise ValueError(f"{side!r} is no side such as 4, B, 2K, K * C or 3L + K")
    factor, first, second, added = match.groups(default="")
    return int(factor or 1), first, second, added
