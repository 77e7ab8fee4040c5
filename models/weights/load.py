"""Weights into networks: every tensor finds its place, or an error says which does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from ...structures import CheckpointError, ModelSpec, Skeleton
from ...structures.model_spec import Rules
from ..catalogue import MODELS
from ..model import Model, Shapes, Weights
from .checkpoint import read_weights
from .differences import COUNTER_SUFFIX, differences, shapes_of
from .identify import SKELETON_OF, Identity, identify, keypoints_of


def load_model(
    name: str | None,
    weights: str | Path | Weights,
    skeleton: Skeleton | None = None,
    rules: Rules | None = None,
    models: Mapping[str, Model] = MODELS,
) -> tuple[nn.Module, ModelSpec]:
    """A network with weights, ready to run, and how to run it.

    Args:
        name: of the model; None takes the first that the weights fit.
        weights: a file that `read_weights` reads, or its content.
        skeleton: of the poses; None takes the one with as many keypoints as the weights are for.
        rules: whose rules hold where a paper and its released code differ; None takes the usual
            ones of those that the weights fit.
        models: the networks to choose from.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown name, or rules that the model does not have.
        CheckpointError: an unreadable file, or weights of another family, model, skeleton or
            other rules.
    """
    if name is not None and name not in models:
        raise ValueError(f"model must be one of {', '.join(sorted(models))}, got {name!r}")
    tensors = read_weights(Path(weights)) if isinstance(weights, str | Path) else weights
    shapes = shapes_of(tensors)
    if name is None:
        name = _only_name(identify(shapes, models))
    model = models[name]
    keypoints = keypoints_of(model, shapes)
    if keypoints is None:
        raise CheckpointError(_other_family(name, model, shapes, models))
    tensors = model.convert(tensors)
    network, spec = _build(model, _skeleton(keypoints, skeleton), rules, shapes_of(tensors))
    if differences(network, shapes_of(tensors)):
        _refuse_other(name, spec.rules, identify(shapes, models))
    load_weights(network, tensors, name)
    return network.eval(), spec


def load_weights(network: nn.Module, weights: Weights, name: str) -> None:
    """Copy weights into a network, every tensor of which must find its place.

    Args:
        network: takes the weights in its own precision.
        weights: name -> tensor, floats of any precision. Counters of batches may be absent.
        name: of the network, for the message.

    Raises:
        CheckpointError: names or shapes differ from the network's; the message lists them.
    """
    found = differences(network, shapes_of(weights))
    if found:
        raise CheckpointError(f"the weights are not those of {name}: {found}")
    counters = {
        key: tensor for key, tensor in network.state_dict().items() if key.endswith(COUNTER_SUFFIX)
    }
    network.load_state_dict(counters | weights)


def _build(
    model: Model, skeleton: Skeleton, rules: Rules | None, shapes: Shapes
) -> tuple[nn.Module, ModelSpec]:
    """The model by the rules; by None by the first that weights of these shapes fit."""
    for other in model.rules if rules is None else ():
        network, spec = model.build(skeleton, other)
        if not differences(network, shapes):
            return network, spec
    return model.build(skeleton, rules)


def _refuse_other(name: str, rules: Rules, found: Identity) -> None:
    if name in found.names:
        raise CheckpointError(
            f"these weights are of {name} by the rules {found.rules}, not by the rules {rules}"
        )
    if found.names:
        raise CheckpointError(f"these weights are of {' or '.join(found.names)}, not of {name}")


def _skeleton(keypoints: int, wanted: Skeleton | None) -> Skeleton:
    own = SKELETON_OF.get(keypoints)
    if wanted is None:
        if own is None:
            raise CheckpointError(
                f"the weights have {keypoints} keypoints and no skeleton here has as many: give one"
            )
        return own
    if len(wanted) != keypoints:
        named = f" ({own.name})" if own else ""
        raise CheckpointError(
            f"the weights have {keypoints} keypoints{named}, "
            f"asked for {wanted.name} with {len(wanted)}"
        )
    return wanted


def _only_name(identity: Identity) -> str:
    if identity.names:
        return identity.names[0]
    reason = "; ".join(identity.problems) or "nothing finds poses with them alone"
    raise CheckpointError(f"the weights are of family {identity.family}: {reason}")


def _other_family(name: str, model: Model, shapes: Shapes, models: Mapping[str, Model]) -> str:
    found = identify(shapes, models)
    if found.family == model.family:
        of = " or ".join(found.names) or f"another network of family {found.family}"
        return f"these weights are of {of}, not of {name}"
    return f"these weights are of family {found.family}, not {model.family}"
