"""What the instructions that compute do, as C++ over warp.h."""

from __future__ import annotations

from collections.abc import Callable

from sass import Instruction
from sass_operands import (
    Untranslatable,
    addend,
    double,
    half_bits,
    integer,
    is_predicate,
    pair,
    predicate,
    predicate_number,
    register,
    single,
    word,
)

_ROUNDINGS = {"RM": "FE_DOWNWARD", "RP": "FE_UPWARD", "RZ": "FE_TOWARDZERO"}
_COMPARED = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_JOINED = {"AND": "&&", "OR": "||", "XOR": "!="}
Translation = Callable[[Instruction], str]


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


def without_zero(text: str) -> str:
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


def _carries(written: list[str]) -> str:
    if len(written) > 2:
        raise Untranslatable("three carries")
    return "".join(
        write_predicate(name, f"(sum >> 32) > {place}") for place, name in enumerate(written)
    )


def _sum(target: str, terms: list[str], written: list[str]) -> str:
    added = f"const uint64_t sum = {' + '.join(terms)};"
    return f"{added} {write(target, '(uint32_t)sum')} {_carries(written)}"


def _add(given: Instruction) -> str:
    target, written, sources, read = split(given)
    terms = [addend(source) for source in sources]
    if "X" in given.modifiers:
        terms += [f"(uint64_t)({predicate(name)})" for name in read]
    return _sum(target, terms, written)


def _multiply_add(given: Instruction) -> str:
    target, written, sources, read = split(given)
    kind = set(given.modifiers)
    carry = f" + ({predicate(read[0])})" if "X" in kind and read else ""
    a, b, c = sources
    if "WIDE" not in kind and "HI" not in kind:
        if written:
            if (a, kind & {"MOV", "IADD", "X"}) != ("RZ", {"X"}):
                raise Untranslatable("a carry of a product")
            return _sum(target, [addend(c), f"(uint64_t)({predicate(read[0])})"], written)
        return write(target, f"{integer(a)} * {integer(b)} + {integer(c)}{carry}")
    if "U32" in kind:
        product = f"(unsigned __int128)((uint64_t){word(a)} * {word(b)})"
    else:
        product = (
            f"(unsigned __int128)(uint64_t)((int64_t)(int32_t){integer(a)} * (int32_t){integer(b)})"
        )
    whole = f"const unsigned __int128 whole = {product} + {pair(c)}{carry};"
    if "HI" in kind:
        result = write(target, "(uint32_t)((uint64_t)whole >> 32)")
    else:
        result = write_pair(target, "(uint64_t)whole")
    return whole + result + "".join(write_predicate(p, "(bool)(whole >> 64)") for p in written)


def _scaled_add(given: Instruction) -> str:
    target, written, sources, read = split(given)
    kind = set(given.modifiers)
    a, b, *high, by = sources
    if "HI" in kind:
        if a.startswith("-"):
            raise Untranslatable("the upper half of a negative sum")
        above = f"(uint32_t)((int32_t){word(a)} >> 31)" if "SX32" in kind else word(high[0])
        both = f"machine::wide({word(a)}, {above})"
        scaled = f"(machine::shift_left_64({both}, {by}) >> 32)"
    elif a.startswith("-"):
        scaled = f"machine::negated(machine::shift_left({word(a)}, {by}))"
    else:
        scaled = f"(uint64_t)machine::shift_left({word(a)}, {by})"
    terms = [scaled, addend(b)]
    if "X" in kind:
        terms.append(f"(uint64_t)({predicate(read[0])})")
    return _sum(target, terms, written)


def _shift(given: Instruction) -> str:
    target, low, by, high = given.operands
    left, *kind = given.modifiers
    amount = f"({word(by)} & {63 if kind[-1].endswith('64') else 31}u)" if "W" in kind else word(by)
    if left == "L" and "HI" in kind:
        shifted = (
            f"machine::shift_left_64(machine::wide({word(low)}, {word(high)}), {amount}) >> 32"
        )
        return write(target, f"(uint32_t)({shifted})")
    if left == "L":
        return write(target, f"machine::shift_left({word(low)}, {amount})")
    signed = "signed" if any(part.startswith("S") for part in kind) else "right"
    if "HI" in kind:
        return write(target, f"machine::shift_{signed}({word(high)}, {amount})")
    both = f"machine::wide({word(low)}, {word(high)})"
    return write(target, f"(uint32_t)machine::shift_{signed}_64({both}, {amount})")


def _logic(given: Instruction) -> str:
    operands = list(given.operands)
    written = operands.pop(0) if is_predicate(operands[0]) else None
    target, a, b, c, table, *_ = operands
    text = write(target, f"machine::looked_up({integer(a)}, {integer(b)}, {integer(c)}, {table})")
    return text + (write_predicate(written, "v != 0") if written else "")


def _predicate_logic(given: Instruction) -> str:
    first, second, a, b, c, *tables = given.operands
    bits = ", ".join(f"({predicate(x)}) ? ~0u : 0u" for x in (a, b, c))
    values = [f"machine::looked_up({bits}, {table}) & 1" for table in tables]
    text = f"const bool first = {values[0]}; const bool second = {values[1]};"
    return text + write_predicate(first, "first") + write_predicate(second, "second")


def _decided(given: Instruction, decided: str) -> str:
    """Writes a comparison, joined with a predicate, and its opposite."""
    first, second, _, _, joined, *_ = given.operands
    join = next(_JOINED[part] for part in given.modifiers if part in _JOINED)
    text = f"const bool is = {decided}, with = {predicate(joined)};"
    text += f"const bool one = is {join} with, other = !is {join} with; (void)other;"
    return text + write_predicate(first, "one") + write_predicate(second, "other")


def _compare_integers(given: Instruction) -> str:
    _, _, a, b, _, *below = given.operands
    kind = "uint32_t" if "U32" in given.modifiers else "int32_t"
    left, right = f"({kind}){integer(a)}", f"({kind}){integer(b)}"
    name = given.modifiers[0]
    sign = _COMPARED[name]
    if "EX" not in given.modifiers:
        return _decided(given, f"{left} {sign} {right}")
    lower = predicate(below[0]) if below else "true"
    if name == "NE":
        return _decided(given, f"{left} != {right} || {lower}")
    strict = "false" if name == "EQ" else f"{left} {sign[0]} {right}"
    return _decided(given, f"{strict} || ({left} == {right} && {lower})")


def _comparison(name: str, left: str, right: str) -> str:
    if name in ("NUM", "NAN"):
        unordered = f"(std::isnan({left}) || std::isnan({right}))"
        return unordered if name == "NAN" else f"!{unordered}"
    if name.endswith("U"):
        return (
            f"({left} {_COMPARED[name[:-1]]} {right} || std::isnan({left}) || std::isnan({right}))"
        )
    ordered = "" if name != "NE" else f" && !std::isnan({left}) && !std::isnan({right})"
    return f"({left} {_COMPARED[name]} {right}{ordered})"


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
        return _decided(given, _comparison(name, left, right))

    return translated


def _choose(given: Instruction) -> str:
    target, a, b, condition = given.operands
    if a.startswith(("-R", "|", "-|")) or b.startswith(("-R", "|", "-|")):
        chosen = f"({predicate(condition)}) ? {single(a)} : {single(b)}"
        return write_float(target, chosen)
    return write(target, f"({predicate(condition)}) ? {integer(a)} : {integer(b)}")


def _extreme_integers(given: Instruction) -> str:
    target, *values, low = given.operands
    kind = "uint32_t" if "U32" in given.modifiers else "int32_t"
    *added, last = (integer(value) for value in values)
    left, right = f"({kind})({' + '.join(added)})", f"({kind}){last}"
    text = f"const {kind} a = {left}, b = {right};"
    return text + write(
        target, f"(uint32_t)(({predicate(low)}) ? (a < b ? a : b) : (a > b ? a : b))"
    )


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


def _clear(given: Instruction) -> str:
    if given.operands[1] != "SRZ":
        raise Untranslatable("a special register")
    put = write if "32" in given.modifiers else write_pair
    return put(given.operands[0], "0")


def _slow_division(given: Instruction) -> str:
    target, a, b = given.operands
    return write_predicate(target, f"machine::needs_slow_division({single(a)}, {single(b)})")


def _pack_predicates(given: Instruction) -> str:
    target, _, rest, mask = given.operands
    bits = " | ".join(f"(uint32_t)w.lane_has({i}, l) << {i}" for i in range(7))
    return write(target, f"(({bits}) & {mask}) | ({word(rest)} & ~{mask})")


def _unpack_predicates(given: Instruction) -> str:
    _, source, mask = given.operands
    chosen = [i for i in range(7) if int(mask, 16) >> i & 1]
    return "".join(write_predicate(f"P{i}", f"{word(source)} >> {i} & 1") for i in chosen)


def _simple(form: str) -> Translation:
    """`form` with {0}, {1}, ... for the sources."""

    def translated(given: Instruction) -> str:
        target, *sources = given.operands
        return write(target, form.format(*(integer(source) for source in sources)))

    return translated


_add_floats = _real("+", single, write_float)
_move = _simple("{0}")

_KNOWN: dict[str, Translation] = {
    "BREV": _simple("__builtin_bitreverse32({0})"),
    "CS2R": _clear,
    "DADD": _real("+", double, write_double),
    "DFMA": _real("", double, write_double),
    "DMUL": _real("*", double, write_double),
    "DSETP": _compare_reals(double),
    "F2F": _convert,
    "F2I": _to_whole,
    "FADD": _add_floats,
    "FCHK": _slow_division,
    "FFMA": _real("", single, write_float),
    "FLO": _simple("({0}) ? 31u - (uint32_t)__builtin_clz({0}) : ~0u"),
    "FMNMX": _extreme_floats,
    "FMUL": _real("*", single, write_float),
    "FRND": _round,
    "FSEL": _choose,
    "FSETP": _compare_reals(single),
    "HFMA2": _halves,
    "I2F": _to_real,
    "I2FP": _to_real,
    "IABS": _simple("(uint32_t)std::abs((int32_t){0})"),
    "IADD3": _add,
    "IMAD": _multiply_add,
    "IMNMX": _extreme_integers,
    "ISETP": _compare_integers,
    "LEA": _scaled_add,
    "LOP3": _logic,
    "MOV": _move,
    "MUFU": _special,
    "P2R": _pack_predicates,
    "PLOP3": _predicate_logic,
    "POPC": _simple("(uint32_t)__builtin_popcount({0})"),
    "PRMT": _simple("machine::permuted({0}, {1}, {2})"),
    "R2P": _unpack_predicates,
    "SEL": _choose,
    "SHF": _shift,
    "VIADD": _simple("{0} + {1}"),
    "VIADDMNMX": _extreme_integers,
    "VIMNMX": _extreme_integers,
}
_UNIFORM = ("IADD3", "IMAD", "ISETP", "LEA", "LOP3", "MOV", "PRMT", "SEL", "SHF", "POPC", "FLO")


def _finished(translation: Translation) -> Translation:
    return lambda given: without_zero(translation(given))


ARITHMETIC: dict[str, Translation] = {
    name: _finished(translation)
    for name, translation in {**_KNOWN, **{f"U{name}": _KNOWN[name] for name in _UNIFORM}}.items()
}
