"""How translated machine code writes registers and predicates, as C++ over warp.h."""

from __future__ import annotations

from collections.abc import Callable

from .operands import is_predicate, predicate, predicate_number, register
from .sass import Instruction

Translation = Callable[[Instruction], str]
COMPARED = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_JOINED = {"AND": "&&", "OR": "||", "XOR": "!="}


def write(target: str, value: str) -> str:
    """32 bits."""
    return f"const uint32_t v = {value}; {register(target)} = v;"


def write_pair(target: str, value: str) -> str:
    """64 bits."""
    low, high = register(target), register(target, 1)
    return f"const uint64_t v = {value}; {low} = (uint32_t)v; {high} = (uint32_t)(v >> 32);"


def write_float(target: str, value: str) -> str:
    """A float32."""
    return write(target, f"machine::as<uint32_t>((float)({value}))")


def write_double(target: str, value: str) -> str:
    """A float64."""
    return write_pair(target, f"machine::as<uint64_t>((double)({value}))")


def write_predicate(target: str, value: str) -> str:
    """A bit."""
    number = predicate_number(target)
    if target.startswith("U"):
        return f"w.set_uniform({number}, {value});"
    return f"w.set({number}, l, {value});"


def _without_zero(text: str) -> str:
    """Registers that are written and never read."""
    return text.replace("w.r[255][l] = v", "(void)v").replace("w.u[63] = v", "(void)v")


def split(given: Instruction) -> tuple[str, list[str], list[str], list[str]]:
    """Target, predicates written, sources, predicates read behind them."""
    target, *rest = given.operands
    written, read = [], []
    while rest and is_predicate(rest[0]):
        written.append(rest.pop(0))
    while rest and is_predicate(rest[-1]):
        read.insert(0, rest.pop())
    return target, written, rest, read


def decided(given: Instruction, test: str) -> str:
    """Writes a comparison, joined with a predicate, and its opposite."""
    first, second, _, _, joined, *_ = given.operands
    join = next(_JOINED[part] for part in given.modifiers if part in _JOINED)
    text = f"const bool is = {test}, with = {predicate(joined)};"
    text += f"const bool one = is {join} with, other = !is {join} with; (void)other;"
    return text + write_predicate(first, "one") + write_predicate(second, "other")


def finished(translation: Translation) -> Translation:
    """Without writes of registers that are always 0."""
    return lambda given: _without_zero(translation(given))
