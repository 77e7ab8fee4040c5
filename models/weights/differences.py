"""What keeps weights from a network: names and shapes that only one of the two has."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..model import Shapes, Weights

# Files of PyTorch before 0.4.1 do not have it; nothing but training reads it.
COUNTER_SUFFIX = ".num_batches_tracked"
_MAX_LISTED = 10  # names in a message


@dataclass(frozen=True, slots=True)
class Differences:
    """What keeps weights from a network.

    Attributes:
        missing: names that the network has and the weights lack, sorted.
        left_over: names that the weights have and the network lacks, sorted.
        misshapen: `name (shape of the weights) for (shape of the network)`, in the network's order.
    """

    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    misshapen: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.missing) + len(self.left_over) + len(self.misshapen)

    def __str__(self) -> str:
        return (
            f"missing {_listed(self.missing)}, left over {_listed(self.left_over)}, "
            f"of another shape {_listed(self.misshapen)}"
        )


def shapes_of(weights: Weights) -> Shapes:
    """Name -> shape of every tensor."""
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}


def differences(network: nn.Module, shapes: Shapes) -> Differences:
    """Compare the names and shapes of weights with a network's.

    Args:
        network: may be on the device `meta`.
        shapes: of the weights. Counters of batches may be absent.
    """
    expected = shapes_of(network.state_dict())
    absent = expected.keys() - shapes.keys()
    return Differences(
        missing=tuple(sorted(name for name in absent if not name.endswith(COUNTER_SUFFIX))),
        left_over=tuple(sorted(shapes.keys() - expected.keys())),
        misshapen=tuple(
            f"{name} {shapes[name]} for {shape}"
            for name, shape in expected.items()
            if name in shapes and shapes[name] != shape
        ),
    )


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    more = len(names) - _MAX_LISTED
    return f"{list(names[:_MAX_LISTED])}" + (f" and {more} more" if more > 0 else "")
