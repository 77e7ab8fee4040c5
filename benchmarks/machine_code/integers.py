"""What the instructions that compute with whole numbers and bits do, as C++ over warp.h."""

from __future__ import annotations

from .operands import Untranslatable, addend, integer, is_predicate, pair, predicate, word
from .sass import Instruction
from .writing import (
    COMPARED,
    Translation,
    decided,
    finished,
    split,
    write,
    write_pair,
    write_predicate,
)


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
    target, a, b, c, table, *joined = operands
    text = write(target, f"machine::looked_up({integer(a)}, {integer(b)}, {integer(c)}, {table})")
    decided = f"v != 0 || {predicate(joined[0])}" if joined else "v != 0"
    return text + (write_predicate(written, decided) if written else "")


def _predicate_logic(given: Instruction) -> str:
    first, second, a, b, c, *tables = given.operands
    bits = ", ".join(f"({predicate(x)}) ? ~0u : 0u" for x in (a, b, c))
    values = [f"machine::looked_up({bits}, {table}) & 1" for table in tables]
    text = f"const bool first = {values[0]}; const bool second = {values[1]};"
    return text + write_predicate(first, "first") + write_predicate(second, "second")


def _compare_integers(given: Instruction) -> str:
    _, _, a, b, _, *below = given.operands
    kind = "uint32_t" if "U32" in given.modifiers else "int32_t"
    left, right = f"({kind}){integer(a)}", f"({kind}){integer(b)}"
    name = given.modifiers[0]
    sign = COMPARED[name]
    if "EX" not in given.modifiers:
        return decided(given, f"{left} {sign} {right}")
    lower = predicate(below[0]) if below else "true"
    if name == "NE":
        return decided(given, f"{left} != {right} || {lower}")
    strict = "false" if name == "EQ" else f"{left} {sign[0]} {right}"
    return decided(given, f"{strict} || ({left} == {right} && {lower})")


def _extreme_integers(given: Instruction) -> str:
    target, *values, low = given.operands
    kind = "uint32_t" if "U32" in given.modifiers else "int32_t"
    *added, last = (integer(value) for value in values)
    left, right = f"({kind})({' + '.join(added)})", f"({kind}){last}"
    text = f"const {kind} a = {left}, b = {right};"
    return text + write(
        target, f"(uint32_t)(({predicate(low)}) ? (a < b ? a : b) : (a > b ? a : b))"
    )


def _clear(given: Instruction) -> str:
    if given.operands[1] != "SRZ":
        raise Untranslatable("a special register")
    put = write if "32" in given.modifiers else write_pair
    return put(given.operands[0], "0")


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


def _highest_bit(given: Instruction) -> str:
    """Its number; with SH, how far a shift must move it to be the last."""
    target, source = given.operands
    if "U32" not in given.modifiers:
        raise Untranslatable("a search for a bit of another kind")
    zeros = f"(uint32_t)__builtin_clz({integer(source)})"
    number = zeros if "SH" in given.modifiers else f"31u - {zeros}"
    return write(target, f"({integer(source)}) != 0 ? {number} : ~0u")


_KNOWN: dict[str, Translation] = {
    "BREV": _simple("machine::reversed({0})"),
    "CS2R": _clear,
    "FLO": _highest_bit,
    "IABS": _simple("(uint32_t)std::abs((int32_t){0})"),
    "IADD3": _add,
    "IMAD": _multiply_add,
    "IMNMX": _extreme_integers,
    "ISETP": _compare_integers,
    "LEA": _scaled_add,
    "LOP3": _logic,
    "MOV": _simple("{0}"),
    "P2R": _pack_predicates,
    "PLOP3": _predicate_logic,
    "POPC": _simple("(uint32_t)__builtin_popcount({0})"),
    "PRMT": _simple("machine::permuted({0}, {1}, {2})"),
    "R2P": _unpack_predicates,
    "SHF": _shift,
    "VIADD": _simple("{0} + {1}"),
    "VIADDMNMX": _extreme_integers,
    "VIMNMX": _extreme_integers,
}
_UNIFORM = ("IADD3", "IMAD", "ISETP", "LEA", "LOP3", "MOV", "PRMT", "SHF", "POPC", "FLO", "BREV")
_ALL = {**_KNOWN, **{f"U{name}": _KNOWN[name] for name in _UNIFORM}}

INTEGERS: dict[str, Translation] = {name: finished(one) for name, one in _ALL.items()}
