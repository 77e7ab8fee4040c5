"""All that must be known to run a model file and read its heads; stored inside the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from .geometry import ImageTransform
from .skeleton import Skeleton

SPEC_VERSION = 1
METADATA_KEY = "posetrack"

Activation: TypeAlias = Literal["none", "sigmoid"]
CellOrigin: TypeAlias = Literal["half-pixel", "corner"]
SizingRule: TypeAlias = Literal["short-side", "crop"]
SizingConvention: TypeAlias = Literal["half-pixel", "hrnet-affine"]
MirrorFill: TypeAlias = Literal["zero", "keep"]
Rules: TypeAlias = Literal["released", "paper"]
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
        if self.convention == "hrnet-affine":
            return ImageTransform.hrnet_affine(image_size, short, test_scale)
        if test_scale != 1.0:
            raise ValueError(
                "a multi-scale test is not defined for this model: use several sizes instead"
            )
        return ImageTransform.fit_short_side(image_size, short, self.multiple_of, self.max_aspect)


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One output of the network."""

    name: str  # house name: heatmap, offset, local_offset, box_size, box_offset, ...
    channels: int
    stride: int = 4  # input pixels per cell
    activation: Activation = "none"  # what the decoder applies before reading the values
    sign: int = 1  # of an offset: keypoint = position + sign * offset; published: -1


@dataclass(frozen=True, slots=True)
class DecoderSpec:
    """How the heads become poses: a name of `engine.decoders.DECODERS` and its constants."""

    name: str
    options: dict[str, DecoderOption] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonScores:
    """Which scores of a model speak of a person; the defaults are those of MoveNet MultiPose."""

    keypoint: float = 0.127  # keypoints at or below are not drawn
    track: float = 0.08  # poses from here on start a track
    clear: float = 0.08  # mean score of a track of a clear person ...
    evidence: float = 0.28  # ... with this mean keypoint score
    moving: float = 0.14  # mean score of a weaker one that counts if it moves


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
    max_people: int = 30  # most poses decoded in one image
    min_score: float = 0.05  # poses below are not recorded unless the user asks
    rules: Rules = "released"  # whose rules hold where a paper and its released code differ
    flip_baked: bool = False  # the graph itself averages with the flipped image
    # None: a flip test goes around the network. Otherwise it belongs inside the graph, where the
    # flipped image is moved to the left by so many input pixels
    mirror_shift: int | None = None
    mirror_fill: MirrorFill = "zero"  # what its last columns hold then: normalised 0, or unchanged
    person: PersonScores = field(default_factory=PersonScores)
    precision: str = "fp32"  # of the arithmetic the file was made for
    weights_licence: str = ""
    weights_sha256: str = ""
    trained: str = ""  # data and origin, one line

    def to_json(self) -> str:
        """One line of JSON, with the version of this layout."""
        return json.dumps({"version": SPEC_VERSION, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> ModelSpec:
        """Read what `to_json` wrote.

        Raises:
            ValueError: not JSON, another version, a field is missing or unknown, or one of a few
                choices holds another.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            version = values.pop("version")
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the model description is not readable: {error}") from error
        if version != SPEC_VERSION:
            raise ValueError(
                f"the model description has version {version}, this posetrack reads "
                f"{SPEC_VERSION}: export the model again"
            )
        try:
            spec = _from_dict(values)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the model description does not fit: {error}") from error
        _check_choices(spec)
        return spec


def _from_dict(values: dict[str, Any]) -> ModelSpec:
    nested: dict[str, Any] = {
        "skeleton": _skeleton(values["skeleton"]),
        "sizing": _sizing(values["sizing"]),
        "heads": tuple(HeadSpec(**head) for head in values["heads"]),
        "decoder": DecoderSpec(**values["decoder"]),
        "person": PersonScores(**values.get("person", {})),
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
        ("rules", spec.rules, Rules),
        ("mirror_fill", spec.mirror_fill, MirrorFill),
        *((f"activation of {head.name}", head.activation, Activation) for head in spec.heads),
    ]
    for name, value, choices in chosen:
        if value not in get_args(choices):
            allowed = " or ".join(map(repr, get_args(choices)))
            raise ValueError(f"{name} of the model description must be {allowed}, got {value!r}")
