"""What the instructions that compute with reals do, or choose a value, as C++ over warp.h."""

from __future__ import annotations

from collections.abc import Callable

from .operands import Untranslatable, double, half_bits, integer, pair, predicate, single, word
from .sass import Instruction
from .writing import (
    COMPARED,
    Translation,
    decided,
    finished,
    write,
    write_double,
    write_float,
    write_pair,
    write_predicate,
)

_ROUNDINGS = {"RM": "FE_DOWNWARD", "RP": "FE_UPWARD", "RZ": "FE_TOWARDZERO"}


def _comparison(name: str, left: str, right: str) -> str:
    if name in ("NUM", "NAN"):
        unordered = f"(std::isnan({left}) || std::isnan({right}))"
        return unordered if name == "NAN" else f"!{unordered}"
    if name.endswith("U"):
        return (
            f"({left} {COMPARED[name[:-1]]} {right} || std::isnan({left}) || std::isnan({right}))"
        )
    ordered = "" if name != "NE" else f" && !std::isnan({left}) && !std::isnan({right})"
    return f"({left} {COMPARED[name]} {right}{ordered})"


def _compare_reals(read: Callable[[str], str]) -> Translation:
    def translated(given: Instruction) -> str:
        first, second, a, b, *_ = given.operands
        name, left, right = given.modifiers[0], read(a), read(b)
        if name in (
            "MAX",
            "MIN",
        ):  # whether the first is to be taken, and whether the second is NaN
            sign = ">" if name == "MAX" else "<"
            text = f"const bool one = {left} {sign} {right}, other = std::isnan({right});"
            return text + write_predicate(first, "one") + write_predicate(second, "other")
        return decided(given, _comparison(name, left, right))

    return translated


def _choose(given: Instruction) -> str:
    target, a, b, condition = given.operands
    if a.startswith(("-R", "|", "-|")) or b.startswith(("-R", "|", "-|")):
        chosen = f"({predicate(condition)}) ? {single(a)} : {single(b)}"
        return write_float(target, chosen)
    return write(target, f"({predicate(condition)}) ? {integer(a)} : {integer(b)}")


def _extreme_floats(given: Instruction) -> str:
    target, a, b, low = given.operands
    spread = "true" if "NAN" in given.modifiers else "false"
    value = f"machine::extreme<float>({single(a)}, {single(b)}, {predicate(low)}, {spread})"
    return write_float(target, value)


def _real(sign: str, read: Callable[[str], str], put: Callable[[str, str], str]) -> Translation:
    """A sum, a product or, of three sources, a product and a sum that are rounded once."""

    def translated(given: Instruction) -> str:
        target, *sources = given.operands
        values = [read(source) for source in sources]
        value = f" {sign} ".join(values) if sign else f"std::fma({', '.join(values)})"
        for name, direction in _ROUNDINGS.items():
            if name in given.modifiers:
                value = f"machine::rounded({direction}, [&] {{ return {value}; }})"
        return put(target, value)

    return translated


def _special(given: Instruction) -> str:
    """Approximations: exact here, the steps behind them make both the same."""
    (name, *_), (target, source) = given.modifiers, given.operands
    high = source if source.startswith("R") else None
    upper = word(high) if high else None
    if name in ("RCP64H", "RSQ64H"):
        x = f"machine::real(0, {upper})" if upper else double(source)
        if source.startswith("UR"):
            x = f"machine::real(0, {word(source)})"
        return write(
            target,
            f"machine::high_of({'1.0 / ' + x if name == 'RCP64H' else f'1.0 / std::sqrt({x})'})",
        )
    x = single(source)
    known = {"RCP": f"1.0f / {x}", "RSQ": f"1.0f / std::sqrt({x})", "SQRT": f"std::sqrt({x})"}
    if name not in known:
        raise Untranslatable("another approximation")
    return write_float(target, known[name])


def _to_real(given: Instruction) -> str:
    target, source = given.operands
    kind = set(given.modifiers)
    size = next((s for s in ("S64", "U64", "U32", "S32") if s in kind), "S32")
    ctype = {"S64": "int64_t", "U64": "uint64_t", "U32": "uint32_t", "S32": "int32_t"}[size]
    value = f"({ctype}){pair(source) if size.endswith('64') else integer(source)}"
    if "F64" in kind:
        return write_double(target, f"(double){value}")
    value = f"(float)({value})"
    if "RP" in kind:
        value = f"machine::rounded(FE_UPWARD, [&] {{ volatile float up = {value}; return up; }})"
    return write_float(target, value)


_STEPS = {"TRUNC": "std::trunc", "FLOOR": "std::floor", "CEIL": "std::ceil"}


def _to_whole(given: Instruction) -> str:
    target, source = given.operands
    kind = set(given.modifiers)
    step = next((_STEPS[name] for name in _STEPS if name in kind), "std::nearbyint")
    value = f"{step}({double(source) if 'F64' in kind else single(source)})"
    if "U64" in kind or "S64" in kind:
        whole = f"machine::whole<{'uint64_t' if 'U64' in kind else 'int64_t'}>({value})"
        return write_pair(target, f"(uint64_t){whole}")
    return write(
        target, f"(uint32_t)machine::whole<{'uint32_t' if 'U32' in kind else 'int32_t'}>({value})"
    )


def _round(given: Instruction) -> str:
    target, source = given.operands
    step = next((_STEPS[name] for name in _STEPS if name in given.modifiers), "std::nearbyint")
    if "F64" in given.modifiers:
        return write_double(target, f"{step}({double(source)})")
    return write_float(target, f"{step}({single(source)})")


def _convert(given: Instruction) -> str:
    target, source = given.operands
    if given.modifiers[:2] == ("F64", "F32"):
        return write_double(target, single(source))
    if given.modifiers[:2] == ("F32", "F64"):
        return write_float(target, double(source))
    raise Untranslatable("another conversion")


def _halves(given: Instruction) -> str:
    target, a, b, high, low = given.operands
    if (a, b) != ("-RZ", "RZ"):
        raise Untranslatable("arithmetic of float16")
    return write(target, f"{half_bits(high) << 16 | half_bits(low)}u")


def _slow_division(given: Instruction) -> str:
    target, a, b = given.operands
    return write_predicate(target, f"machine::needs_slow_division({single(a)}, {single(b)})")


_KNOWN: dict[str, Translation] = {
    "DADD": _real("+", double, write_double),
    "DFMA": _real("", double, write_double),
    "DMUL": _real("*", double, write_double),
    "DSETP": _compare_reals(double),
    "F2F": _convert,
    "F2I": _to_whole,
    "FADD": _real("+", single, write_float),
    "FCHK": _slow_division,
    "FFMA": _real("", single, write_float),
    "FMNMX": _extreme_floats,
    "FMUL": _real("*", single, write_float),
    "FRND": _round,
    "FSEL": _choose,
    "FSETP": _compare_reals(single),
    "HFMA2": _halves,
    "I2F": _to_real,
    "I2FP": _to_real,
    "MUFU": _special,
    "SEL": _choose,
    "USEL": _choose,
}

REALS: dict[str, Translation] = {name: finished(one) for name, one in _KNOWN.items()}
