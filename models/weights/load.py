"""Weights into networks: every tensor finds its place, or an error says which does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from ...structures import CheckpointError, ModelSpec, Skeleton
from ..catalogue import MODELS
from ..model import Model, Shapes, Weights
from .checkpoint import read_weights
from .differences import COUNTER_SUFFIX, differences, shapes_of
from .identify import SKELETON_OF, Identity, identify, keypoints_of


def load_model(
    name: str | None,
    weights: str | Path | Weights,
    skeleton: Skeleton | None = None,
    models: Mapping[str, Model] = MODELS,
) -> tuple[nn.Module, ModelSpec]:
    """A network with weights, ready to run, and how to run it.

    Args:
        name: of the model; None takes the first that the weights fit.
        weights: a file that `read_weights` reads, or its content.
        skeleton: of the poses; None takes the one with as many keypoints as the weights are for.
        models: the networks to choose from.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown name.
        CheckpointError: an unreadable file, or weights of another family, model or
            skeleton.
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
    network, spec = model.build(_skeleton(keypoints, skeleton))
    tensors = model.convert(tensors)
    if differences(network, shapes_of(tensors)):
        fitting = identify(shapes, models).names
        if fitting:
            raise CheckpointError(f"these weights are of {' or '.join(fitting)}, not of {name}")
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
