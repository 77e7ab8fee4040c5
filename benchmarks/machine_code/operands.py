"""Operands of machine code as C++ expressions over warp.h: of lane `l`, or of a whole warp."""

from __future__ import annotations

import re
import struct

_REGISTER = re.compile(r"^([-~]?)(\|?)(U?R)(\d+|Z)\|?$")
_CONSTANT = re.compile(r"^([-~]?)\|?c\[0x0\]\[(.*)\]\|?$")
_NUMBER = re.compile(r"^([-~]?)\|?c\[0x2\]\[(0x[0-9a-f]+)\]\|?$")  # of the kernel's own
_PREDICATE = re.compile(r"^(!?)(U?)P(\d|T)$")
_NAN = ("+QNAN", "-QNAN", "QNAN")
_INFINITE = {"+INF": "inf", "-INF": "-inf", "INF": "inf"}


class Untranslatable(Exception):
    """An operand or instruction that nobody has needed yet."""


def is_predicate(text: str) -> bool:
    """Whether an operand is a predicate."""
    return _PREDICATE.match(text) is not None


def predicate(text: str) -> str:
    """Its value."""
    if (match := _PREDICATE.match(text)) is None:
        raise Untranslatable(f"{text} is no predicate")
    negated, uniform, number = match.groups()
    if number == "T":
        return "false" if negated else "true"
    return negated + (f"w.up[{number}]" if uniform else f"w.lane_has({number}, l)")


def predicate_number(text: str) -> int:
    """Where a predicate is written."""
    match = _PREDICATE.match(text)
    if match is None or match.group(1):
        raise Untranslatable(f"{text} cannot be written")
    return 7 if match.group(3) == "T" else int(match.group(3))


def register(text: str, step: int = 0) -> str:
    """A register, or one of those behind it, as a place."""
    match = _REGISTER.match(text)
    if match is None or match.group(1) or match.group(2):
        raise Untranslatable(f"{text} is no register")
    return _place(match.group(3), match.group(4), step)


def _place(kind: str, number: str, step: int) -> str:
    if kind == "R":
        return f"w.r[{255 if number == 'Z' else int(number) + step}][l]"
    return f"w.u[{63 if number == 'Z' else int(number) + step}]"


def word(text: str, step: int = 0) -> str:
    """32 bits without their sign: register, constant or number; `step` 1: those above them."""
    if match := _REGISTER.match(text):
        return _place(match.group(3), match.group(4), step)
    if match := _CONSTANT.match(text):
        at = match.group(2)
        places = [part for part in at.split("+") if part]
        terms = [word(place) if place[0] in "RU" else place for place in places]
        return f"w.constant<uint32_t>({' + '.join(terms)} + {4 * step}u)"
    if match := _NUMBER.match(text):
        return f"numbers[{(int(match.group(2), 16) + 4 * step) // 4}]"
    if text.lstrip("-").startswith("0x"):
        value = int(text, 16) & 0xFFFFFFFF
        sign = 0xFFFFFFFF if value >> 31 else 0
        return f"{value if step == 0 else sign}u"
    return f"{bits_of_float(text)}u"


def bits_of_float(text: str) -> int:
    """Of a float32 as the disassembler prints it."""
    try:
        return int(struct.unpack("<I", struct.pack("<f", float(_INFINITE.get(text, text))))[0])
    except ValueError:
        raise Untranslatable(f"{text} is no number") from None


def _sign(text: str) -> str:
    return text[0] if text[0] in "-~" and not re.match(r"-[0-9I Q]", text) else ""


def integer(text: str) -> str:
    """uint32_t with its sign."""
    sign = _sign(text)
    return f"({sign}{word(text)})" if sign else word(text)


def addend(text: str) -> str:
    """uint64_t whose bits above the 32nd are the carry."""
    if _sign(text) == "-":
        return f"machine::negated({word(text)})"
    return f"(uint64_t){integer(text)}"


def pair(text: str) -> str:
    """uint64_t from a register and the next."""
    if _sign(text):
        raise Untranslatable(f"{text} has a sign")
    return f"machine::wide({word(text)}, {word(text, 1)})"


def single(text: str) -> str:
    """A float32."""
    value = f"machine::as<float>({word(text)})"
    if "|" in text:
        value = f"std::fabs({value})"
    return f"-{value}" if _sign(text) == "-" else value


def double(text: str) -> str:
    """A float64; of a number, the upper half has been written."""
    if _REGISTER.match(text) or _CONSTANT.match(text) or _NUMBER.match(text):
        value = f"machine::real({word(text)}, {word(text, 1)})"
        if "|" in text:
            value = f"std::fabs({value})"
        return f"-{value}" if _sign(text) == "-" else value
    if text in _NAN:
        return "NAN"
    try:
        bits = struct.unpack("<Q", struct.pack("<d", float(_INFINITE.get(text, text))))[0]
    except ValueError:
        raise Untranslatable(f"{text} is no number") from None
    return f"machine::as<double>((uint64_t){bits & 0xFFFFFFFF00000000}ull)"


def half_bits(text: str) -> int:
    """Of a float16."""
    return int(struct.unpack("<H", struct.pack("<e", float(_INFINITE.get(text, text))))[0])


def address(text: str, *, wide: bool) -> str:
    """Of memory: `[R2.64+0x4]`, `[R0+UR4+0x1f]`, `[R5.X4]`."""
    inner = text[text.rindex("[") + 1 : -1]
    terms = []
    for term in re.split(r"\+(?=\S)", inner):
        name, _, suffix = term.partition(".")
        if name.lstrip("-").startswith("0x"):
            terms.append(f"(int64_t){int(name, 16)}" if wide else f"{int(name, 16) & 0xFFFFFFFF}u")
        elif suffix == "64" or (wide and suffix == ""):
            terms.append(f"(int64_t){pair(name)}")
        elif suffix.startswith("X"):
            terms.append(f"{word(name)} * {suffix[1:]}u")
        else:
            terms.append(word(name))
    return " + ".join(terms)
