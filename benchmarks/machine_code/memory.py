"""What the instructions that move values do: memory, lanes and registers, as C++ over warp.h."""

from __future__ import annotations

from collections.abc import Callable

from .operands import (
    Untranslatable,
    address,
    integer,
    predicate_number,
    register,
    word,
)
from .sass import Instruction
from .writing import Translation, finished, write, write_pair, write_predicate

# Behind BRA.DIV the compiler shuffles among lanes that have parted; ours never do there.
PARTED = 'machine::fail("lanes have parted where they must work together");'
_SPECIAL = {
    "SR_TID.X": "w.first_thread + l",
    "SR_CTAID.X": "w.block->index",
    "SR_LANEID": "(uint32_t)l",
    "SR_CgaCtaId": "0u",
}
_SMALL = {"U8": "uint8_t", "S8": "int8_t", "U16": "uint16_t", "S16": "int16_t"}


def _size(given: Instruction) -> int:
    for name, size in (("128", 16), ("64", 8), ("U16", 2), ("S16", 2), ("U8", 1), ("S8", 1)):
        if name in given.modifiers:
            return size
    return 4


def _place(space: str, text: str, size: int) -> str:
    at = address(text, wide=space == "global")
    if space == "global":
        return f"machine::Warp::global((uint64_t)({at}), {size})"
    lane = "l, " if space == "local" else ""
    return f"w.{space}({lane}{at}, {size})"


def _load(space: str) -> Translation:
    def translated(given: Instruction) -> str:
        target, source = given.operands[-2:]
        size = _size(given)
        text = f"const unsigned char* from = {_place(space, source, size)};"
        if size < 4:
            kind = next(_SMALL[name] for name in _SMALL if name in given.modifiers)
            text += f"{kind} small; std::memcpy(&small, from, {size});"
            return text + write(target, "(uint32_t)(int32_t)small")
        text += f"uint32_t words[{size // 4}]; std::memcpy(words, from, {size});"
        places = (register(target, i) for i in range(size // 4))
        return text + "".join(f"{place} = words[{i}];" for i, place in enumerate(places))

    return translated


def _store(space: str) -> Translation:
    def translated(given: Instruction) -> str:
        target, source = given.operands
        size = _size(given)
        words = [word(source, i) for i in range(max(size // 4, 1))]
        text = f"const uint32_t words[] = {{{', '.join(words)}}};"
        return text + f"std::memcpy({_place(space, target, size)}, words, {size});"

    return translated


def _constant(given: Instruction) -> str:
    target, source = given.operands
    if "64" in given.modifiers:
        return write_pair(target, f"machine::wide({word(source)}, {word(source, 1)})")
    if "U8" in given.modifiers or "S8" in given.modifiers:
        kind = "uint8_t" if "U8" in given.modifiers else "int8_t"
        return write(target, f"(uint32_t)({kind}){word(source)}")
    return write(target, word(source))


def _special(given: Instruction) -> str:
    target, source = given.operands
    if source not in _SPECIAL:
        raise Untranslatable(f"{source} is not known")
    return write(target, _SPECIAL[source])


def _to_uniform(given: Instruction) -> str:
    target, source = given.operands[-2:]
    return f"const int l = __builtin_ctz(m); {write(target, word(source))}"


def _shuffle(given: Instruction) -> str:
    inside, target, source, lane, clamp = given.operands
    if clamp.startswith("R"):
        return PARTED
    if predicate_number(inside) != 7 or clamp != "0x1f" or "w.r" in lane:
        raise Untranslatable("a shuffle of part of a warp")
    by = integer(lane)
    lanes = {"BFLY": f"l ^ {by}", "IDX": by, "DOWN": f"l + {by} < 32u ? l + {by} : (uint32_t)l"}
    lanes["UP"] = f"(uint32_t)l >= {by} ? l - {by} : (uint32_t)l"
    if given.modifiers[0] == "UP":
        raise Untranslatable("a shuffle of another kind")
    place = register(source) if source != "RZ" else register("RZ")
    return (
        f"uint32_t all[machine::kLanes]; LANES(~0u) all[l] = {place};"
        f"LANES(m) {{ const uint32_t other = ({lanes[given.modifiers[0]]}) & 31u;"
        f'if (!(m >> other & 1)) machine::fail("a shuffle reads an absent lane");'
        f"{write(target, 'all[other]')} }}"
    )


def _bits(text: str) -> str:
    """A predicate of all lanes."""
    if text.lstrip("!") in ("PT", "UPT"):
        return "0u" if text.startswith("!") else "~0u"
    return ("~" if text.startswith("!") else "") + f"w.p[{text.lstrip('!')[1:]}]"


def _vote(given: Instruction) -> str:
    operands = list(given.operands)
    target = operands.pop(0) if "R" in operands[0] else None
    result, source = operands
    if given.modifiers[0] not in ("ANY", "ALL"):
        raise Untranslatable("another vote")
    decided = {"ANY": "votes != 0", "ALL": "votes == m"}[given.modifiers[0]]
    text = f"const uint32_t votes = m & {_bits(source)};"
    if given.name == "VOTEU":
        text += write(target, "votes") if target else ""
        return text + write_predicate(result, decided)
    body = (write(target, "votes") if target else "") + write_predicate(result, decided)
    return text + f"LANES(m) {{ {body} }}"


def _reduce(given: Instruction) -> str:
    target, source = given.operands
    name = given.modifiers[0] if given.modifiers else "SUM"
    kind = "int32_t" if "S32" in given.modifiers else "uint32_t"
    joins = {
        "SUM": "all + one",
        "OR": "all | one",
        "AND": "all & one",
        "MAX": "all > one ? all : one",
        "MIN": "all < one ? all : one",
    }
    return (
        f"{kind} all = 0; bool none = true; LANES(m) {{ const {kind} one = ({kind}){word(source)};"
        f"all = none ? one : ({kind})({joins[name]}); none = false; }}"
        f"{write(target, '(uint32_t)all')}"
    )


def _result_of_barrier(given: Instruction) -> str:
    if given.modifiers != ("RESULT",) or given.operands[0] != "RZ":
        raise Untranslatable("another result")
    return write_predicate(given.operands[1], "w.block->result != 0")


_MOVES: dict[str, Callable[[Instruction], str]] = {
    "B2R": _result_of_barrier,
    "LDC": _constant,
    "ULDC": _constant,
    "LDG": _load("global"),
    "LD": _load("global"),
    "LDS": _load("shared"),
    "LDL": _load("local"),
    "STG": _store("global"),
    "ST": _store("global"),
    "STS": _store("shared"),
    "STL": _store("local"),
    "S2R": _special,
    "S2UR": _special,
    "R2UR": _to_uniform,
    "SHFL": _shuffle,
    "VOTE": _vote,
    "VOTEU": _vote,
    "REDUX": _reduce,
}


MEMORY: dict[str, Translation] = {name: finished(one) for name, one in _MOVES.items()}
