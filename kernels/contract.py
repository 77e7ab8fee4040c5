"""The contract of every kernel, read from the C headers: names, types, order, shapes, constants.

A pointer's comment begins with its shape, `(B, N, 2K)`: sizes are the names of other arguments. A
pointer to const is an input, any other one an output; one whose comment says NULL may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.abc import Traversable
from typing import NamedTuple

SCRATCH = "scratch"  # the argument with a kernel's working memory; its bytes follow it
SCRATCH_BYTES = "scratch_bytes"

_BODY = r"\(\s*(\w+),((?:/\*.*?\*/|[^/])*?)\);"  # name, arguments with their comments
_FLAGS = re.MULTILINE | re.DOTALL
_TWINS = re.compile(f"^PT_TWINS{_BODY}", _FLAGS)
_HOST = re.compile(f"^PT_HOST{_BODY}", _FLAGS)
_SCRATCH = re.compile(rf"^PT_(?:HOST_)?SCRATCH{_BODY}", _FLAGS)
_STRUCT = re.compile(r"^typedef struct (\w+) \{(.*?)\} \1;", _FLAGS)
_FIELD = re.compile(r"(\w+) (\w+)(?:\[(\w+)\])?;")
_CONSTANT = re.compile(r"^#define (PT_\w+) (\d+)\b", re.MULTILINE)
_COMMENT = re.compile(r"(/\*.*?\*/)", re.DOTALL)
_SHAPE = re.compile(r"/\*\s*\(([^)]*)\)")
_ARGUMENT = re.compile(r"(const )?(\w+)(\*?) (\w+)")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a kernel.

    Attributes:
        name: as in the header.
        type: as in the header, without const and *; `void` is an element type of the caller's.
        pointer: whether it is an array.
        output: whether the kernel writes it.
        optional: whether NULL may be passed.
        shape: of an array: each side a number, a size, or such as `2K` or `K * C`; a last `...`
            stands for any further sides.
    """

    name: str
    type: str
    pointer: bool = False
    output: bool = False
    optional: bool = False
    shape: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)  # told apart by identity, which is fast to hash
class Contract:
    """A kernel: its name without the twin's ending, its arguments in order, its scratch's."""

    name: str
    arguments: tuple[Argument, ...]
    scratch: tuple[Argument, ...] | None  # of the function that sizes its scratch

    @cached_property
    def by_name(self) -> dict[str, Argument]:
        """The arguments by their names, in order."""
        return {argument.name: argument for argument in self.arguments}

    @cached_property
    def arrays(self) -> tuple[Argument, ...]:
        """The arrays but the scratch, in order."""
        return tuple(a for a in self.arguments if a.pointer and a.name != SCRATCH)

    def dtype_of(self, array: Argument) -> str:
        """The argument that says the element type of a `void` array."""
        own = f"{array.name}_dtype"
        return own if own in self.by_name else "dtype"


class Declarations(NamedTuple):
    """What headers declare, by name."""

    twins: dict[str, Contract]
    host: dict[str, Contract]  # that have no CUDA twin
    constants: dict[str, int]
    structs: dict[str, list[tuple[str, str, int]]]  # name, type and length of every field


def parse(text: str) -> Declarations:
    """Read headers.

    Raises:
        ValueError: a declaration is not understood.
    """
    scratch = {name: _arguments(body) for name, body in _SCRATCH.findall(text)}

    def contracts(pattern: re.Pattern[str]) -> dict[str, Contract]:
        found = pattern.findall(text)
        return {name: Contract(name, _arguments(body), scratch.get(name)) for name, body in found}

    twins, host = contracts(_TWINS), contracts(_HOST)
    if stray := scratch.keys() - twins.keys() - host.keys():
        raise ValueError(f"there is scratch, but no kernel, of the name {', '.join(stray)}")
    constants = {name: int(value) for name, value in _CONSTANT.findall(text)}
    structs = {name: _fields(body, constants) for name, body in _STRUCT.findall(text)}
    return Declarations(twins, host, constants, structs)


def _fields(body: str, constants: dict[str, int]) -> list[tuple[str, str, int]]:
    """Fields such as `double position[4];`, in their order; a length may be a constant."""
    found = _FIELD.findall(_COMMENT.sub("", body))
    return [(name, kind, constants.get(side) or int(side or 1)) for kind, name, side in found]


def _arguments(body: str) -> tuple[Argument, ...]:
    """Arguments such as `const float* map, /* (B, h, w) */ int64_t B /* images */`."""
    found: list[tuple[str, str]] = []  # declaration, comment
    for part in _COMMENT.split(body):
        if part.startswith("/*"):
            found[-1] = (found[-1][0], found[-1][1] + part)
        else:
            found += [(" ".join(one.split()), "") for one in part.split(",") if one.strip()]
    return tuple(_argument(declaration, comment) for declaration, comment in found)


def _argument(declaration: str, comment: str) -> Argument:
    match = _ARGUMENT.fullmatch(declaration)
    if match is None:
        raise ValueError(f"{declaration!r} is no argument as `const float* x` or `int64_t B`")
    constant, kind, star, name = match.groups()
    if not star or name == SCRATCH:
        return Argument(name, kind, bool(star))
    shape = _SHAPE.match(comment)
    if shape is None:
        raise ValueError(f"the comment of {name} must begin with its shape, got {comment!r}")
    sides = tuple(side.strip() for side in shape[1].split(","))
    return Argument(name, kind, True, not constant, "NULL" in comment, sides)


def _headers() -> str:
    folder: Traversable = resources.files(__package__) / "include" / "posetrack"
    parts = sorted(folder.iterdir(), key=lambda part: part.name)
    return "\n".join(part.read_text("utf-8") for part in parts)


CONTRACTS, HOST, CONSTANTS, STRUCTS = parse(_headers())
