"""Text of the command line -> what the engine takes; ranges are checked by the engine itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ...engine.engine_options import (
    MAX_BATCH,
    MAX_SIZE,
    SCALES_MUST_BE,
    SIZES_MUST_BE,
    EngineOptions,
)
from ...formats import FORMATS
from ...structures.model_spec import Rules
from ...trackers import preset
from ..flow_loading import DIS, OFF
from ..run.claim import Earlier

RulesOption = Annotated[
    Rules | None,
    typer.Option(
        help="Whose rules hold where a paper and its authors' code differ.",
        show_default="those that the weights fit; if both, released",
    ),
]

TrackerOption = Annotated[
    Literal["fast", "best", "paper"],
    typer.Option(
        help="fast: poses alone. best: clothes or embeddings, and the camera, too. paper: OGN's, "
        "frame to frame."
    ),
]

FlowOption = Annotated[
    str,
    typer.Option(
        metavar="[off|dis|FILE]",
        help="Optical flow for --tracker best or paper: dis needs no network, FILE is an .onnx of "
        "two pictures such as RAFT.",
    ),
]


def read_flow(name: str, tracker: str, tracking: bool) -> str:
    """`off`, `dis` or a file.

    Args:
        name: the option's value.
        tracker: that is to use it.
        tracking: whether anybody is followed.

    Raises:
        typer.BadParameter: no such file, or nothing would use it.
    """
    if name == OFF:
        return name
    if name != DIS and not Path(name).is_file():
        raise _wrong("--flow", f"must be off, dis or an .onnx file that is there, got {name!r}")
    if not tracking:
        raise _wrong("--flow", "helps to follow people: leave out --no-track and --stills")
    try:
        preset(tracker, flow=True)
    except ValueError as error:
        raise _wrong("--tracker", str(error)) from None
    return name


def read_sizes(text: str) -> tuple[int, ...]:
    """`256,512`; nothing is the model's own size.

    Raises:
        typer.BadParameter: not pixels, out of range, or not ascending.
    """
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise _wrong("--size", f"{SIZES_MUST_BE}, got {text!r}")
    with option_error("--size"):
        return EngineOptions(sizes=tuple(int(part) for part in parts)).sizes


def read_image_size(text: str) -> tuple[int, int] | None:
    """`256x448`, height first; nothing is None.

    Raises:
        typer.BadParameter: not two numbers.
    """
    if not text:
        return None
    sides = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", text.strip().lower())
    if sides is None:
        raise _wrong("--size", f"must be height x width in pixels, such as 256x448, got {text!r}")
    height, width = int(sides[1]), int(sides[2])
    if max(height, width) > 2 * MAX_SIZE:
        raise _wrong("--size", f"must be {2 * MAX_SIZE} pixels at most, got {text!r}")
    return height, width


def read_range(text: str) -> tuple[int, int, int] | None:
    """`1,4,8`, or one number for all three; nothing is None.

    Raises:
        typer.BadParameter: not one or three numbers.
    """
    if not text:
        return None
    numbers = [int(part) for part in text.split(",") if part.strip().isdecimal()]
    if len(numbers) != len(text.split(",")) or len(numbers) not in (1, 3):
        raise _wrong("--batch", f"must be one number or smallest,usual,largest, got {text!r}")
    if max(numbers) > MAX_BATCH:
        raise _wrong("--batch", f"must be {MAX_BATCH} at most, got {text!r}")
    first, *rest = numbers
    return (first, rest[0], rest[1]) if rest else (first, first, first)


def read_image_sizes(
    text: str,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    """`256x256,256x448,448x448`, or one size for all three; nothing is None.

    Raises:
        typer.BadParameter: not one or three sizes.
    """
    if not text:
        return None
    sizes = [size for part in text.split(",") if (size := read_image_size(part)) is not None]
    if len(sizes) != len(text.split(",")) or len(sizes) not in (1, 3):
        raise _wrong("--size", f"must be one size or smallest,usual,largest, got {text!r}")
    return sizes[0], sizes[len(sizes) // 2], sizes[-1]


def read_devices(device: str, gpus: str) -> list[str]:
    """`0,1`: a device for each GPU; nothing is the one of `--device`.

    Raises:
        typer.BadParameter: no numbers, one twice, or both options.
    """
    if not gpus:
        return [device]
    numbers = [part.strip() for part in gpus.split(",")]
    if not all(part.isascii() and part.isdecimal() for part in numbers):
        raise _wrong("--gpus", f"must be numbers of GPUs such as 0,1, got {gpus!r}")
    if len({int(part) for part in numbers}) < len(numbers):
        raise _wrong("--gpus", f"must name each GPU once, got {gpus!r}")
    if device != "auto":
        raise _wrong("--gpus", f"says what --device {device} says: leave out one of them")
    return [f"cuda:{int(part)}" for part in numbers]


def read_scales(text: str) -> tuple[float, ...]:
    """`0.5,1,2`, largest first; nothing is 1.

    Raises:
        typer.BadParameter: not numbers, or out of range.
    """
    try:
        scales = {float(part) for part in text.split(",")} if text else {1.0}
    except ValueError:
        raise _wrong("--scales", f"{SCALES_MUST_BE}, got {text!r}") from None
    with option_error("--scales"):
        return EngineOptions(scales=tuple(sorted(scales, reverse=True))).scales


def read_formats(text: str, *, tracking: bool) -> tuple[str, ...]:
    """`coco,posetrack18`, each once.

    Raises:
        typer.BadParameter: no such format, or one of tracks where nobody is tracked.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(","))) if text else ()
    for name in names:
        if name not in FORMATS:
            raise _wrong("--format", f"must be among {', '.join(FORMATS)}, got {name!r}")
        if FORMATS[name].poses == "people" and not tracking:
            raise _wrong("--format", f"{name} holds tracks: leave out --no-track and --stills")
    return names


def check_part(start: float | None, end: float | None, *, stills: bool) -> None:
    """`--start` and `--end`: seconds of a video, or of a folder that is one.

    Raises:
        typer.BadParameter: not finite, empty, or of images that have no times.
    """
    for option, value in (("--start", start), ("--end", end)):
        if value is not None and not math.isfinite(value):
            raise _wrong(option, f"must be a number of seconds, got {value}")
        if value is not None and stills:
            raise _wrong(
                option, "counts seconds, and --stills have no times: leave out one of them"
            )
    if end is not None and end <= (start or 0.0):
        raise _wrong("--end", f"must be later than --start, got {end:g} after {start or 0.0:g}")


def choose_earlier(*, overwrite: bool, unique: bool, resume: bool) -> Earlier:
    """What is done about earlier results.

    Raises:
        typer.BadParameter: that cannot be done together.
    """
    if overwrite and (unique or resume):
        raise _wrong("--overwrite", "replaces what --unique and --resume keep: leave it out")
    if overwrite:
        return "overwrite"
    if resume:
        return "resume_unique" if unique else "resume"
    return "unique" if unique else "refuse"


def one_of(choices: tuple[str, ...], help: str) -> Any:
    """An option that takes one of a few words, as tables of the engine list them."""

    def check(value: str) -> str:
        if value not in choices:
            listed = ", ".join(map(repr, choices))
            raise typer.BadParameter(f"{value!r} is not one of {listed}.")
        return value

    return typer.Option(callback=check, metavar=f"[{'|'.join(choices)}]", help=help)


@contextmanager
def option_error(option: str) -> Iterator[None]:
    """A ValueError that begins with a parameter's name, raised as one of the option's."""
    try:
        yield
    except ValueError as error:
        raise _wrong(option, str(error).partition(" ")[2]) from error


def _wrong(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=f"'{option}'")
