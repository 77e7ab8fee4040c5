"""What decoders take from the model's spec: their constants, and where its cells lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..structures import ModelSpec

Constants = TypeVar("Constants")


def decoder_constants(
    kind: Callable[..., Constants], spec: ModelSpec, defaults: dict[str, Any] | None = None
) -> Constants:
    """The constants of a decoder.

    Args:
        kind: their dataclass.
        spec: the model's; its decoder options override fields.
        defaults: fields that differ from those of `kind` where the spec is silent.

    Raises:
        ValueError: an option is none of the fields.
    """
    try:
        return kind(**{**(defaults or {}), **spec.decoder.options})
    except TypeError as error:
        raise ValueError(f"decoder options of {spec.name}: {error}") from error


def check_corner_cells(spec: ModelSpec) -> None:
    """Refuse cells that lie elsewhere than at their corner, where published networks have them.

    Raises:
        ValueError: they lie at half a pixel.
    """
    if spec.cell_origin != "corner":
        raise ValueError(f"cell_origin of {spec.name} must be 'corner', got a half pixel")
