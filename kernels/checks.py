"""Checks of options that have other names, or other values, in the C headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def check_at_least(name: str, got: float | Sequence[int], least: float) -> None:
    """Check that a number, or each of several, is at least `least` and not NaN.

    Raises:
        ValueError: it is not.
    """
    numbers = got if isinstance(got, Sequence) else (got,)
    if not all(number >= least for number in numbers):
        raise ValueError(f"{name} must be at least {least:g}, got {got}")


def choice(name: str, got: str, numbers: Mapping[str, int]) -> int:
    """The number of an option in the C interface.

    Raises:
        ValueError: there is no such option.
    """
    if got not in numbers:
        raise ValueError(f"{name} must be one of {', '.join(numbers)}, got {got!r}")
    return numbers[got]


check = check_out = check_head = check_head_batch = check_above = check_number = batch_of = ()
