"""Whose weights are these? Family, backbone, skeleton from the names and shapes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import nn

from ...structures import COCO_17, CROWDPOSE_14, SKELETONS, ModelSpec, Skeleton
from ..layers.resnet import BLOCKS, FIRST_BOTTLENECK_DEPTH
from ..model import Model, Shapes, Weights
from ..networks.pose_scoring import PoseScoring, num_features
from .checkpoint import read_weights
from .placing import Differences, differences, load_weights, shapes_of

SKELETON_OF = {len(s): s for s in SKELETONS.values()}
# More are a damaged file or another family's: nobody annotates a person so densely (COCO's whole
# body has 133), and building a network for millions would take for ever.
MAX_KEYPOINTS = 200
# Tensors that training does not learn.
_STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked", ".regular_matrix")
_HRNET_TELL_TALE = "stage4.0.branches.0.0.conv1.weight"
_RESNET_TELL_TALE = "layer4.0.conv1.weight"
_MOBILENET_TELL_TALE = "backbone.block16.depthwise.weight"
_SCORING_TELL_TALE = "l1.weight"


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of weights.

    Attributes:
        family: of `MODELS`, or `pose-scoring`, or `imagenet` (a backbone to start training from).
        names: models of `MODELS` that the weights fit exactly, in the table's order.
        keypoints: K, without the center; None if the family has none.
        skeleton: the skeleton with K keypoints, if there is one.
        backbone: hrnet-w32, resnet-50, ..., or empty.
        parameters: numbers that were learned; what a network shares counts once.
        problems: why the weights cannot be used as they are, a sentence each.
    """

    family: str
    names: tuple[str, ...]
    keypoints: int | None
    skeleton: Skeleton | None
    backbone: str
    parameters: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model of the family, built without memory for its numbers, beside the weights."""

    name: str
    keypoints: int
    found: Differences
    parameters: int


def identify(shapes: Shapes, models: Mapping[str, Model] | None = None) -> Identity:
    """Tell what weights of these names and shapes are.

    Args:
        shapes: name -> shape of every tensor, as the file has them.
        models: the table to look in; None is `MODELS`.

    Raises:
        ValueError: no network here has such weights.
    """
    table = _table() if models is None else models
    claimed = {name: _keypoints(model, shapes) for name, model in table.items()}
    counts = {name: count for name, count in claimed.items() if count is not None}
    if counts:
        return _of_model(shapes, table, counts)
    other = _pose_scoring(shapes) or _imagenet(shapes)
    if other is not None:
        return other
    first = ", ".join(list(shapes)[:3])
    raise ValueError(
        f"the weights are of no family known here ({', '.join(families(table))}); "
        f"their {len(shapes)} tensors begin with {first}"
    )


def load_model(
    name: str | None, weights: Path | Weights, skeleton: Skeleton | None = None
) -> tuple[nn.Module, ModelSpec]:
    """A network of `MODELS` with weights, ready to run, and how to run it.

    Args:
        name: of the model; None takes the first that the weights fit.
        weights: a file that `read_weights` reads, or its content.
        skeleton: of the poses; None takes the one with as many keypoints as the weights are for.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown name, an unreadable file, or weights of another family, model or
            skeleton.
    """
    table = _table()
    if name is not None and name not in table:
        raise ValueError(f"model must be one of {', '.join(sorted(table))}, got {name!r}")
    tensors = read_weights(weights) if isinstance(weights, Path) else weights
    shapes = shapes_of(tensors)
    if name is None:
        name = _only_name(identify(shapes, table))
    model = table[name]
    keypoints = _keypoints(model, shapes)
    if keypoints is None:
        raise ValueError(_other_family(name, model, shapes, table))
    network, spec = model.build(_skeleton(keypoints, skeleton))
    tensors = model.convert(tensors)
    if differences(network, shapes_of(tensors)):
        fitting = identify(shapes, table).names
        if fitting:
            raise ValueError(f"these weights are of {' or '.join(fitting)}, not of {name}")
    load_weights(network, tensors, name)
    return network.eval(), spec


def families(models: Mapping[str, Model]) -> list[str]:
    """The families of a table, each once, in its order."""
    return list(dict.fromkeys(model.family for model in models.values()))


def _table() -> Mapping[str, Model]:
    # the table is made of the modules that this package imports: not yet there at import time
    from .. import MODELS

    return MODELS


def _keypoints(model: Model, shapes: Shapes) -> int | None:
    """The model's answer; None too where its tell-tale tensor has too few axes, or K is absurd."""
    try:
        count = model.keypoints(shapes)
    except IndexError:
        return None
    return count if count is not None and 1 <= count <= MAX_KEYPOINTS else None


def _of_model(shapes: Shapes, table: Mapping[str, Model], counts: dict[str, int]) -> Identity:
    candidates = [_candidate(name, table[name], shapes, count) for name, count in counts.items()]
    fitting = [candidate for candidate in candidates if not candidate.found]
    best = fitting[0] if fitting else min(candidates, key=lambda c: len(c.found))
    skeleton = SKELETON_OF.get(best.keypoints)
    problems = []
    if not fitting:
        problems.append(f"not those of {best.name}, which is nearest: {best.found}")
    if skeleton is None:
        problems.append(f"there is no skeleton of {best.keypoints} keypoints here")
    return Identity(
        family=table[best.name].family,
        names=tuple(candidate.name for candidate in fitting),
        keypoints=best.keypoints,
        skeleton=skeleton,
        backbone=_backbone(shapes),
        parameters=best.parameters if fitting else _parameters(shapes),
        problems=tuple(problems),
    )


def _candidate(name: str, model: Model, shapes: Shapes, keypoints: int) -> _Candidate:
    skeleton = SKELETON_OF.get(keypoints) or _nameless(keypoints)
    with torch.device("meta"):
        try:
            network, _ = model.build(skeleton)
        except ValueError as error:  # a network for one skeleton only
            return _Candidate(name, keypoints, Differences((), (), (str(error),)), 0)
        weights = model.convert({key: torch.empty(shape) for key, shape in shapes.items()})
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _Candidate(name, keypoints, differences(network, shapes_of(weights)), parameters)


def _nameless(keypoints: int) -> Skeleton:
    names = tuple(f"keypoint_{i}" for i in range(keypoints))
    return Skeleton(f"nameless-{keypoints}", names, (), (), (1.0,) * keypoints)


def _pose_scoring(shapes: Shapes) -> Identity | None:
    if len(shapes.get(_SCORING_TELL_TALE, ())) != 2:
        return None
    inputs = shapes[_SCORING_TELL_TALE][1]
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
    if not backbone or not {_HRNET_TELL_TALE, _RESNET_TELL_TALE} & shapes.keys():
        return None
    return Identity("imagenet", (), None, None, backbone, _parameters(shapes))


def _backbone(shapes: Shapes) -> str:
    for name, shape in shapes.items():
        if name.endswith(_HRNET_TELL_TALE) and shape:
            return f"hrnet-w{shape[0]}"
        if name.endswith(_RESNET_TELL_TALE):
            return _resnet(shapes, name.removesuffix(_RESNET_TELL_TALE))
    return "mobilenet-v2" if _MOBILENET_TELL_TALE in shapes else ""


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


def _skeleton(keypoints: int, wanted: Skeleton | None) -> Skeleton:
    own = SKELETON_OF.get(keypoints)
    if wanted is None:
        if own is None:
            raise ValueError(
                f"the weights have {keypoints} keypoints and no skeleton here has as many: give one"
            )
        return own
    if len(wanted) != keypoints:
        named = f" ({own.name})" if own else ""
        raise ValueError(
            f"the weights have {keypoints} keypoints{named}, "
            f"asked for {wanted.name} with {len(wanted)}"
        )
    return wanted


def _only_name(identity: Identity) -> str:
    if identity.names:
        return identity.names[0]
    reason = "; ".join(identity.problems) or "nothing finds poses with them alone"
    raise ValueError(f"the weights are of family {identity.family}: {reason}")


def _other_family(name: str, model: Model, shapes: Shapes, table: Mapping[str, Model]) -> str:
    found = identify(shapes, table)
    if found.family == model.family:
        of = " or ".join(found.names) or f"another network of family {found.family}"
        return f"these weights are of {of}, not of {name}"
    return f"these weights are of family {found.family}, not {model.family}"
