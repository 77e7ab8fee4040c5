"""Identify weights: family, backbone and skeleton, from names and shapes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch

from ...structures import COCO_17, CROWDPOSE_14, SKELETONS, CheckpointError, Skeleton
from ...structures.model_spec import Rules
from ..catalogue import MODELS
from ..layers.resnet import BLOCKS, FIRST_BOTTLENECK_DEPTH
from ..model import Model, Shapes
from ..networks.pose_scoring import PoseScoring, num_features
from .differences import Differences, differences, shapes_of

SKELETON_OF = {len(s): s for s in SKELETONS.values()}
# A larger K comes from a damaged file or another network: the densest common annotation of people,
# COCO-WholeBody, has 133, and a network for millions would take very long to build.
MAX_KEYPOINTS = 200
# Ends of the names of tensors that are no learned parameters.
_STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked", ".regular_matrix")
# Tensors by which backbones and pose scoring are told.
_HRNET_TENSOR = "stage4.0.branches.0.0.conv1.weight"
_RESNET_TENSOR = "layer4.0.conv1.weight"
_MOBILENET_TENSOR = "backbone.block16.depthwise.weight"
_SCORING_TENSOR = "l1.weight"


@dataclass(frozen=True, slots=True)
class Identity:
    """What weights are.

    Attributes:
        family: of `MODELS`, or `pose-scoring`, or `imagenet` (a backbone to start training from).
        names: of the networks that the weights fit exactly, in the order of `MODELS`.
        keypoints: K, without the center; None if the family has none.
        skeleton: the skeleton with K keypoints, if there is one.
        backbone: hrnet-w32, resnet-50, ..., or empty.
        parameters: number of learned parameters; shared ones count once.
        problems: why the weights cannot be used as they are, a sentence each.
        rules: by whose rules they fit the first of the networks, the usual ones if by both; None
            where they fit none.
    """

    family: str
    names: tuple[str, ...]
    keypoints: int | None
    skeleton: Skeleton | None
    backbone: str
    parameters: int
    problems: tuple[str, ...] = ()
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model of the family, built without memory for its numbers, beside the weights."""

    name: str
    rules: Rules
    keypoints: int
    found: Differences
    parameters: int


def identify(shapes: Shapes, models: Mapping[str, Model] = MODELS) -> Identity:
    """Tell what weights of these names and shapes are.

    Args:
        shapes: name -> shape of every tensor, as the file has them.
        models: the networks to compare with.

    Raises:
        CheckpointError: no network here has such weights.
    """
    claimed = {name: keypoints_of(model, shapes) for name, model in models.items()}
    counts = {name: count for name, count in claimed.items() if count is not None}
    if counts:
        return _of_model(shapes, models, counts)
    other = _pose_scoring(shapes) or _imagenet(shapes)
    if other is not None:
        return other
    families = dict.fromkeys(model.family for model in models.values())
    first = ", ".join(list(shapes)[:3])
    raise CheckpointError(
        f"the weights are of no family known here ({', '.join(families)}); "
        f"their {len(shapes)} tensors begin with {first}"
    )


def keypoints_of(model: Model, shapes: Shapes) -> int | None:
    """K of weights of the model's family; None for others, and where K is absurd."""
    try:
        count = model.keypoints(shapes)
    except IndexError:
        return None
    return count if count is not None and 1 <= count <= MAX_KEYPOINTS else None


def _of_model(shapes: Shapes, models: Mapping[str, Model], counts: dict[str, int]) -> Identity:
    candidates = [_nearest(name, models[name], shapes, count) for name, count in counts.items()]
    fitting = [candidate for candidate in candidates if not candidate.found]
    best = fitting[0] if fitting else min(candidates, key=lambda c: len(c.found))
    skeleton = SKELETON_OF.get(best.keypoints)
    problems = []
    if not fitting:
        problems.append(f"not those of {best.name}, which is nearest: {best.found}")
    if skeleton is None:
        problems.append(f"there is no skeleton of {best.keypoints} keypoints here")
    return Identity(
        family=models[best.name].family,
        names=tuple(candidate.name for candidate in fitting),
        keypoints=best.keypoints,
        skeleton=skeleton,
        backbone=_backbone(shapes),
        parameters=best.parameters if fitting else _parameters(shapes),
        problems=tuple(problems),
        rules=best.rules if fitting else None,
    )


def _nearest(name: str, model: Model, shapes: Shapes, keypoints: int) -> _Candidate:
    """The model by the first rules that the weights fit, or else by the nearest."""
    tried = []
    for rules in model.rules:
        candidate = _candidate(name, model, rules, shapes, keypoints)
        if not candidate.found:
            return candidate
        tried.append(candidate)
    return min(tried, key=lambda c: len(c.found))


def _candidate(name: str, model: Model, rules: Rules, shapes: Shapes, keypoints: int) -> _Candidate:
    skeleton = SKELETON_OF.get(keypoints) or _nameless(keypoints)
    with torch.device("meta"):
        try:
            network, _ = model.build(skeleton, rules)
        except ValueError as error:  # a network for one skeleton only
            return _Candidate(name, rules, keypoints, Differences((), (), (str(error),)), 0)
        weights = model.convert({key: torch.empty(shape) for key, shape in shapes.items()})
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _Candidate(name, rules, keypoints, differences(network, shapes_of(weights)), parameters)


def _nameless(keypoints: int) -> Skeleton:
    names = tuple(f"keypoint_{i}" for i in range(keypoints))
    return Skeleton(f"nameless-{keypoints}", names, (), (), (1.0,) * keypoints)


def _pose_scoring(shapes: Shapes) -> Identity | None:
    if len(shapes.get(_SCORING_TENSOR, ())) != 2:
        return None
    inputs = shapes[_SCORING_TENSOR][1]
    known = {num_features(s): s for s in (COCO_17, CROWDPOSE_14)}
    skeleton = known.get(inputs)
    with torch.device("meta"):
        found = differences(PoseScoring(inputs), shapes)
    problems = []
    if found:
        problems.append(f"not those of pose scoring: {found}")
    if skeleton is None:
        problems.append(
            f"pose scoring takes {' or '.join(map(str, known))} features of a pose, not {inputs}"
        )
    return Identity(
        family="pose-scoring",
        names=(),
        keypoints=None if skeleton is None else len(skeleton),
        skeleton=skeleton,
        backbone="",
        parameters=_parameters(shapes),
        problems=tuple(problems),
    )


def _imagenet(shapes: Shapes) -> Identity | None:
    """A backbone at the top level, with or without its classifier."""
    backbone = _backbone(shapes)
    if not backbone or not {_HRNET_TENSOR, _RESNET_TENSOR} & shapes.keys():
        return None
    return Identity("imagenet", (), None, None, backbone, _parameters(shapes))


def _backbone(shapes: Shapes) -> str:
    for name, shape in shapes.items():
        if name.endswith(_HRNET_TENSOR) and shape:
            return f"hrnet-w{shape[0]}"
        if name.endswith(_RESNET_TENSOR):
            return _resnet(shapes, name.removesuffix(_RESNET_TENSOR))
    return "mobilenet-v2" if _MOBILENET_TENSOR in shapes else ""


def _resnet(shapes: Shapes, prefix: str) -> str:
    """`resnet-50` from the number and kind of blocks; empty if no ResNet has so many."""
    blocks = []
    for group in range(1, 5):
        start = f"{prefix}layer{group}."
        ends = {name.removeprefix(start).split(".")[0] for name in shapes if name.startswith(start)}
        blocks.append(len(ends))
    bottlenecks = f"{prefix}layer4.0.conv3.weight" in shapes
    for depth, expected in BLOCKS.items():
        if expected == tuple(blocks) and bottlenecks == (depth >= FIRST_BOTTLENECK_DEPTH):
            return f"resnet-{depth}"
    return ""


def _parameters(shapes: Shapes) -> int:
    learned = (shape for name, shape in shapes.items() if not name.endswith(_STATISTICS))
    return sum(prod(shape) for shape in learned)
