"""All that must be known to run a model file and read its heads; stored inside the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from .arrays import Int64Array
from .errors import ModelFileError
from .geometry import ImageTransform
from .model_spec_v1 import upgraded
from .person_scores import PersonScores
from .skeleton import Skeleton

SPEC_VERSION = 2
METADATA_KEY = "posetrack"

HeadKind: TypeAlias = Literal[
    "heatmap", "vector", "size", "feature", "coordinates", "volume", "detection"
]
Activation: TypeAlias = Literal["none", "sigmoid"]
CellOrigin: TypeAlias = Literal["half-pixel", "corner"]
# inside: the file takes images as they are
SizingRule: TypeAlias = Literal["short-side", "crop", "inside"]
SizingConvention: TypeAlias = Literal["half-pixel", "hrnet-affine"]
PixelRange: TypeAlias = Literal["byte", "unit"]
Flip: TypeAlias = Literal["around", "inside", "done", "never"]
FlipFill: TypeAlias = Literal["zero", "keep"]
Rules: TypeAlias = Literal["released", "paper"]
# options of LOGO-CAP's decoder, which its network must fit
Adaptation: TypeAlias = Literal["full", "partial", "none"]
Prior: TypeAlias = Literal["both", "kem", "kam"]
DecoderOption: TypeAlias = float | int | str | bool


@dataclass(frozen=True, slots=True)
class InputSizing:
    """How an image, or the crop of one person, is brought to the network's input size."""

    size: int = 256  # short side of the input when the user asks for nothing else, pixels
    multiple_of: int = 32  # both sides of the input
    max_aspect: float = 4.0  # long over short side; a longer image is fitted by its long side
    border: tuple[int, int, int] = (0, 0, 0)  # RGB of what the image does not cover
    rule: SizingRule = "short-side"
    convention: SizingConvention = "half-pixel"
    crop: tuple[int, int] | None = None  # (h, w) of the input by the rule `crop`, pixels

    def transform(
        self, image_size: tuple[int, int], size: int | None = None, test_scale: float = 1.0
    ) -> ImageTransform:
        """The mapping for an image of (H, W).

        Args:
            image_size: (H, W) of the image.
            size: short side of the input; None takes the default.
            test_scale: of a multi-scale test: the input is this much larger.

        Raises:
            ValueError: the network takes crops, or does not know multi-scale tests.
        """
        short = self.size if size is None else size
        if self.rule == "crop":
            raise ValueError("the network takes crops of single people, not whole images")
        if self.rule == "inside":
            if size not in (None, self.size) or test_scale != 1.0:
                raise ValueError("the file sizes its images itself: leave the size out")
            return ImageTransform(image_size, image_size, 1.0, (0.0, 0.0))
        if self.convention == "hrnet-affine":
            return ImageTransform.hrnet_affine(
                image_size, short, test_scale, multiple_of=self.multiple_of
            )
        if test_scale != 1.0:
            raise ValueError(
                "a multi-scale test is not defined for this model: use several sizes instead"
            )
        return ImageTransform.fit_short_side(image_size, short, self.multiple_of, self.max_aspect)


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One output of the network.

    Attributes:
        name: house name: heatmap, offset, local_offset, box_size, box_offset, embedding, ...
        kind: what its channels are. `heatmap`: one map per keypoint, further maps (the center)
            behind them. `vector`: x, y pairs relative to the cell; of every keypoint, or one pair.
            `size`: lengths. `feature`: what a flip test leaves as it is. `coordinates`: two or
            three numbers per keypoint, no cells. `volume`: the depth cells of every keypoint.
            `detection`: rows of a detector.
        channels: C of the array (B, C, h, w).
        stride: input pixels per cell.
        activation: what the decoder applies before it reads the values.
        sign: of an offset: keypoint = position + sign * offset; the published one is -1.
    """

    name: str
    kind: HeadKind
    channels: int
    stride: int = 4
    activation: Activation = "none"
    sign: int = 1

    def per_keypoint(self, skeleton: Skeleton) -> int:
        """Channels that each keypoint has for itself, the first ones of the head; 0 for none."""
        count = {
            "heatmap": 1,
            "vector": 2,
            "coordinates": self.channels // len(skeleton),
            "volume": self.channels // len(skeleton),
        }.get(self.kind, 0)
        return count if count * len(skeleton) <= self.channels else 0

    def flip_order(self, skeleton: Skeleton) -> Int64Array:
        """(C,) int64: channel `flip_order[c]` of a flipped image says what channel c says."""
        order = np.arange(self.channels)
        each = self.per_keypoint(skeleton)
        channels = skeleton.flip_order[:, None] * each + np.arange(each)
        order[: channels.size] = channels.reshape(-1)
        return order


@dataclass(frozen=True, slots=True)
class DecoderSpec:
    """How the heads become poses: a name of `DECODERS` or `TOP_DOWN`, and its constants."""

    name: str
    options: dict[str, DecoderOption] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The description that travels inside a model file as `metadata_props["posetrack"]`."""

    family: str  # movenet, logocap, ...
    name: str  # movenet-multipose, ...
    skeleton: Skeleton
    sizing: InputSizing
    mean: tuple[float, float, float]  # of RGB 0..255, subtracted inside the graph
    std: tuple[float, float, float]  # of RGB 0..255, divided by inside the graph
    heads: tuple[HeadSpec, ...]
    cell_origin: CellOrigin  # half-pixel: cell j at (j + 0.5) * stride - 0.5; corner: j * stride
    decoder: DecoderSpec
    # unit: pixels, mean and std are brought to [0, 1] first, as published code does; other last
    # bits, which sixty layers make visible
    pixel_range: PixelRange = "byte"
    max_people: int = 30  # max. poses decoded in one image
    min_score: float = 0.0  # poses below are not recorded unless the user asks
    rules: Rules = "released"  # whose rules hold where a paper and its released code differ
    # around: a flip test runs the network on the flipped image too. inside: it belongs into the
    # graph, `posetrack export --flip-test` puts it there. done: it is there. never: there is none
    flip: Flip = "never"
    # input pixels by which the flipped image (inside) or its maps (around) are moved, so that they
    # match those of the image ...
    flip_shift: int = 0
    flip_fill: FlipFill = "zero"  # ... and the columns left open hold 0, or keep what was there
    person: PersonScores | None = None  # None: nobody has calibrated this model
    precision: str = "fp32"  # of the arithmetic the file was made for
    weights_licence: str = ""
    weights_sha256: str = ""
    trained: str = ""  # data and origin, one line

    @property
    def gives_poses(self) -> bool:
        """Whether the file's outputs are poses (graph form), not heads to be decoded."""
        return any(head.name == "keypoints" for head in self.heads)

    def head(self, name: str) -> HeadSpec:
        """The head of that name.

        Raises:
            ValueError: the model has none.
        """
        for head in self.heads:
            if head.name == name:
                return head
        names = ", ".join(head.name for head in self.heads)
        raise ValueError(f"{self.name} has no head {name!r}, only {names}")

    def to_json(self) -> str:
        """One line of JSON, with the version of this layout."""
        return json.dumps({"version": SPEC_VERSION, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> ModelSpec:
        """Read what `to_json` wrote, in this version or the first.

        Raises:
            ModelFileError: not JSON, another version, a field is missing or unknown, or one of a
                few choices holds another.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            version = values.pop("version")
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise ModelFileError(f"the model description is not readable: {error}") from error
        if version not in (1, SPEC_VERSION):
            raise ModelFileError(
                f"the model description has version {version}, this posetrack reads 1 and "
                f"{SPEC_VERSION}: export the model again"
            )
        try:
            spec = _from_dict(upgraded(values) if version == 1 else values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"the model description does not fit: {error}") from error
        _check_choices(spec)
        return spec


# Roles of the networks that decoding may need beside the first.
COMPANIONS = ("refine", "score")


def companion_path(path: Path, role: str) -> Path:
    """Where a further network of a model file lies: `<stem>.<role><suffix>` beside it."""
    return path.with_name(f"{path.stem}.{role}{path.suffix}")


def _from_dict(values: dict[str, Any]) -> ModelSpec:
    person = values.get("person")
    nested: dict[str, Any] = {
        "skeleton": _skeleton(values["skeleton"]),
        "sizing": _sizing(values["sizing"]),
        "heads": tuple(HeadSpec(**head) for head in values["heads"]),
        "decoder": DecoderSpec(**values["decoder"]),
        "person": None if person is None else PersonScores(**person),
        "mean": tuple(values["mean"]),
        "std": tuple(values["std"]),
    }
    return ModelSpec(**(values | nested))


def _sizing(values: dict[str, Any]) -> InputSizing:
    crop = values.get("crop") if isinstance(values, dict) else None
    arrays = {"border": tuple(values["border"]), "crop": None if crop is None else tuple(crop)}
    return InputSizing(**(values | arrays))


def _skeleton(values: dict[str, Any]) -> Skeleton:
    arrays: dict[str, Any] = {
        "keypoints": tuple(values["keypoints"]),
        "edges": tuple((a, b) for a, b in values["edges"]),
        "pairs": tuple((a, b) for a, b in values["pairs"]),
        "sigmas": tuple(values["sigmas"]),
    }
    return Skeleton(**(values | arrays))


def _check_choices(spec: ModelSpec) -> None:
    """Refuse what this posetrack would run as if it were something else."""
    chosen = [
        ("sizing.rule", spec.sizing.rule, SizingRule),
        ("sizing.convention", spec.sizing.convention, SizingConvention),
        ("cell_origin", spec.cell_origin, CellOrigin),
        ("pixel_range", spec.pixel_range, PixelRange),
        ("rules", spec.rules, Rules),
        ("flip", spec.flip, Flip),
        ("flip_fill", spec.flip_fill, FlipFill),
        *((f"kind of {head.name}", head.kind, HeadKind) for head in spec.heads),
        *((f"activation of {head.name}", head.activation, Activation) for head in spec.heads),
    ]
    for name, value, choices in chosen:
        if value not in get_args(choices):
            allowed = " or ".join(map(repr, get_args(choices)))
            raise ModelFileError(
                f"{name} of the model description must be {allowed}, got {value!r}"
            )
