"""Definitions for one image and for a batch, and which rows of an image count."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

import numpy as np

from ...structures.arrays import AnyArray, BoolArray, Int32Array

Definition = TypeVar("Definition", bound=Callable[..., Any])


def takes_one_image(axes: int, *shared: str) -> Callable[[Definition], Definition]:
    """Lets a definition for a batch take the arrays of one image, too.

    Args:
        axes: of the first argument, or of the first of its maps, where it is of one image.
        shared: names of arguments that have no batch axis.
    """

    def decorate(definition: Definition) -> Definition:
        parameters = signature(definition)

        @wraps(definition)
        def either(*args: Any, **kwargs: Any) -> Any:
            given = parameters.bind(*args, **kwargs).arguments
            first = next(iter(given.values()))
            if (first if isinstance(first, np.ndarray) else first[0]).ndim > axes:
                return definition(*args, **kwargs)
            one = {n: v if n in shared else _batch_of_one(v) for n, v in given.items()}
            results = definition(**one)
            return tuple(r[0] for r in results) if isinstance(results, tuple) else results[0]

        return cast(Definition, either)

    return decorate


def _batch_of_one(value: Any) -> Any:
    """Arrays with a batch axis; all else as it is."""
    if isinstance(value, tuple):
        return tuple(map(_batch_of_one, value))
    return value[None] if isinstance(value, np.ndarray) else value


def counted(counts: Int32Array | None, rows: AnyArray) -> BoolArray:
    """(B, N): which rows of a (B, N, ...) array count; without counts all of them."""
    batch, limit = rows.shape[:2]
    if counts is None:
        return np.ones((batch, limit), np.bool_)
    return np.asarray(np.arange(limit) < counts[:, None])
