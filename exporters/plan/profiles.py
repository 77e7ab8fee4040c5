"""The shapes that a plan takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ...structures import InputSizing, ModelSpec
from ...structures.plan_manifest import Profile

Range: TypeAlias = tuple[int, int, int]  # smallest, the one it is tuned for, largest
Size: TypeAlias = tuple[int, int]  # h, w
Sizes: TypeAlias = tuple[Size, Size, Size]

_VIDEO = (16, 9)  # long to short side of most videos
_CROPS: Range = (1, 8, 16)  # people in an image; the engine looks at 16 at once
# Of files that take images as they are.
_ANY_SIZE: Sizes = ((64, 64), (720, 1280), (2160, 3840))


def profile_of_images(
    shape: Sequence[int | None],
    spec: ModelSpec,
    batch: Range | None = None,
    sizes: Sizes | None = None,
) -> Profile:
    """The profile of an input (B, H, W, 3).

    Args:
        shape: of the file's input; None where a side is open.
        spec: of the model.
        batch: images at a time; None: one, or of crops up to 16.
        sizes: of images; None: those of most videos at the model's size, lying and upright.

    Raises:
        ValueError: the file does not leave that open, or the sizes are none that it takes.
    """
    crops = spec.sizing.crop is not None
    counts = _chosen("batch", shape[0], batch, _CROPS if crops else (1, 1, 1))
    usual = (spec.sizing.crop,) * 3 if spec.sizing.crop else sizes_of_videos(spec.sizing)
    heights, widths = (
        _chosen(
            "size",
            shape[axis + 1],
            None if sizes is None else (sizes[0][axis], sizes[1][axis], sizes[2][axis]),
            (usual[0][axis], usual[1][axis], usual[2][axis]),
        )
        for axis in (0, 1)
    )
    multiple = spec.sizing.multiple_of
    for side in (*heights, *widths):
        if side % multiple and not crops:
            raise ValueError(
                f"both sides of the input of {spec.name} are multiples of {multiple}, got {side}"
            )
    return _profile(counts, heights, widths, (3, 3, 3))


def profile_of_rows(shape: Sequence[int | None], people: int, batch: int) -> Profile:
    """The profile of features of up to so many people in each of up to so many images."""
    rows = (1, people, people * batch)
    sides = [(side, side, side) if side else rows for side in shape]
    return _profile(*sides)


def sizes_of_videos(sizing: InputSizing, shorts: Sequence[int] = ()) -> Sizes:
    """Inputs for videos from square to 16:9, lying and upright.

    Args:
        sizing: how images are brought to the input's size.
        shorts: short sides of the input, pixels; empty: the usual one.
    """
    if sizing.rule == "inside":
        return _ANY_SIZE
    multiple = sizing.multiple_of
    rounded = [-(-short // multiple) * multiple for short in shorts or (sizing.size,)]
    short, long = min(rounded), -(-max(rounded) * _VIDEO[0] // _VIDEO[1] // multiple) * multiple
    usual = sizing.transform((1080, 1920), max(rounded)).input_size
    return (short, short), usual, (long, long)


def _chosen(name: str, fixed: int | None, asked: Range | None, usual: Range) -> Range:
    """The range of a side."""
    found = asked or usual
    if fixed:
        if asked not in (None, (fixed, fixed, fixed)):
            raise ValueError(
                f"the file is of a fixed {name}, {fixed}: leave --{name} out, or export it without"
            )
        return fixed, fixed, fixed
    if not 1 <= found[0] <= found[1] <= found[2]:
        raise ValueError(f"--{name} must rise from 1 on, smallest, usual, largest, got {found}")
    return found


def _profile(*sides: Range) -> Profile:
    smallest, usual, largest = (tuple(side[i] for side in sides) for i in range(3))
    return Profile(smallest, usual, largest)
