"""What every kernel checks of its arrays before it runs; nothing is converted."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..structures.arrays import AnyArray
from .devices import Device, dtype_of, strides_of

Shape = tuple[int | None, ...]


def batch_of(array: AnyArray, axes: int) -> tuple[int, ...]:
    """The batch axis, (B,), of an array that has one more axis than `axes`; otherwise ().

    For kernels that take one image's arrays or a batch's: put before the shapes of one image, it
    makes the shapes to check.
    """
    return tuple(array.shape[:1]) if len(array.shape) == axes + 1 else ()


def check(name: str, array: AnyArray, dtype: npt.DTypeLike, shape: Shape) -> None:
    """Check that an array is C-contiguous and has this dtype and shape; None is any size.

    Raises:
        ValueError: a wrong shape or memory order.
        TypeError: a wrong dtype.
    """
    _check_dense(name, array, (dtype,), shape)


def check_out(name: str, array: AnyArray, dtype: npt.DTypeLike, shape: Shape) -> None:
    """Like `check`, for an array that a kernel writes to.

    Raises:
        ValueError: as `check`, or it is read-only.
        TypeError: a wrong dtype.
    """
    check(name, array, dtype, shape)
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        raise ValueError(f"{name} must be writeable")


def check_head(name: str, head: AnyArray, shape: Shape, device: Device) -> None:
    """Check that a network's head is C-contiguous, and float32 or, on a GPU, float16.

    Raises:
        ValueError: a wrong shape or memory order.
        TypeError: a wrong dtype.
    """
    _check_dense(name, head, device.head_dtypes, shape)


def check_head_batch(name: str, head: AnyArray, shape: Shape, device: Device) -> int:
    """Like `check_head`, but images may lie apart, as in a slice of a larger array's channels.

    Returns:
        How many elements lie from the start of one image to that of the next.

    Raises:
        ValueError: a wrong shape or memory order.
        TypeError: a wrong dtype.
    """
    _check_dtype(name, head, device.head_dtypes)
    _check_shape(name, head, shape)
    if not _is_dense(head, 1):
        raise ValueError(f"each {name}[b] must be C-contiguous")
    stride, size = strides_of(head)[0], dtype_of(head).itemsize
    if stride < 0 or stride % size:
        raise ValueError(f"{name} must run forward in whole elements from image to image")
    return stride // size


def check_at_least(name: str, got: float | Sequence[int], least: float) -> None:
    """Check that a number, or each of several, is at least `least` and not NaN.

    Raises:
        ValueError: it is not.
    """
    numbers = got if isinstance(got, Sequence) else (got,)
    if not all(number >= least for number in numbers):
        raise ValueError(f"{name} must be at least {least:g}, got {got}")


def check_above(name: str, got: float, limit: float) -> None:
    """Check that a number is above a limit and not NaN.

    Raises:
        ValueError: it is not.
    """
    if not got > limit:
        raise ValueError(f"{name} must be above {limit:g}, got {got}")


def check_number(name: str, got: float) -> None:
    """Check that a number is not NaN; it may be infinite.

    Raises:
        ValueError: it is NaN.
    """
    if isnan(got):
        raise ValueError(f"{name} must be a number, got {got}")


def _check_dense(
    name: str, array: AnyArray, allowed: tuple[npt.DTypeLike, ...], shape: Shape
) -> None:
    _check_dtype(name, array, allowed)
    _check_shape(name, array, shape)
    if not _is_dense(array, 0):
        raise ValueError(f"{name} must be C-contiguous: pass {_contiguous(name, array)}")


def _contiguous(name: str, array: Any) -> str:
    """What to write to get the array in one piece."""
    if isinstance(array, np.ndarray):
        return f"np.ascontiguousarray({name})"
    return f"{name}.contiguous()"


def _check_dtype(name: str, array: AnyArray, allowed: tuple[npt.DTypeLike, ...]) -> None:
    got = dtype_of(array)
    if got not in allowed:
        wanted = " or ".join(str(np.dtype(dtype)) for dtype in allowed)
        raise TypeError(f"{name} must be {wanted}, got {got}")


def _check_shape(name: str, array: AnyArray, shape: Shape) -> None:
    got = tuple(array.shape)
    fits = len(got) == len(shape) and all(
        want in (None, size) for want, size in zip(shape, got, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {got}")


def _is_dense(array: AnyArray, first: int) -> bool:
    """Whether the axes from `first` on are row-major without gaps."""
    shape, strides = array.shape[first:], strides_of(array)[first:]
    if prod(array.shape) == 0:
        return True
    step = dtype_of(array).itemsize
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size > 1 and stride != step:
            return False
        step *= size
    return True
