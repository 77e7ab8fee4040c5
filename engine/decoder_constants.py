"""A decoder's constants, as the model's spec overrides them."""

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
