"""Translates a kernel's machine code to C++ that does the same on the host and counts every issue.

An instruction that is not known raises: nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .integers import INTEGERS
from .memory import MEMORY, PARTED
from .operands import Untranslatable, is_predicate, predicate, word
from .reals import REALS
from .sass import Instruction, MachineKernel

_COMPUTING = {**INTEGERS, **REALS, **MEMORY}
_WARP_WIDE = {"R2UR", "REDUX", "S2UR", "SHFL", "VOTE", "VOTEU"}
_NOTHING = {"NOP", "BMOV", "DEPBAR", "ENDCOLLECTIVE", "YIELD"}
_ENDS_OF_BLOCKS = {"BRA", "BSYNC", "BREAK", "CALL", "RET", "EXIT", "BAR", "WARPSYNC"}


def cpp_of(kernel: MachineKernel, shared_base: int, arguments_at: int) -> str:
    """A source file that registers the kernel under its name."""
    starts = set(kernel.labels.values())
    cases = []
    for at, instruction in enumerate(kernel.code):
        if at > 0 and kernel.code[at - 1].name in _ENDS_OF_BLOCKS:
            starts.add(at)
        try:
            body = _translated(kernel, at, instruction)
        except Untranslatable as error:
            raise SystemExit(f"{kernel.name}: {instruction}: {error}") from error
        join = f"w.join({at}); " if at in starts else ""
        cases.append(f"case {at}: {join}ISSUE({at}) {{ {body} }} [[fallthrough]];")
    count = len(kernel.code)
    numbers = ", ".join(f"{number}u" for number in (*kernel.numbers, 0))
    return f"""#include "warp.h"
namespace {{
uint64_t issued[{count}], lanes[{count}];
[[maybe_unused]] const uint32_t numbers[] = {{{numbers}}};
#define ISSUE(n) ++issued[n]; ++w.issued; lanes[n] += __builtin_popcount(w.mask);
#define LANES(m) for (uint32_t b = (m); b; b &= b - 1) if (const int l = __builtin_ctz(b); true)
void run(machine::Warp& w) {{
uint32_t at = w.next();
for (;;) switch (at) {{
{chr(10).join(cases)}
default: if (at == machine::kStop) return; machine::fail("a jump goes nowhere");
}} }}
machine::Kernel kernel = {{"{kernel.name}", run, issued, lanes, {count}, {kernel.shared_bytes},
  {kernel.stack_bytes}, {shared_base}, {arguments_at}, machine::Kernel::first()}};
const bool registered = (machine::Kernel::first() = &kernel, true);
}}
"""


def _translated(kernel: MachineKernel, at: int, given: Instruction) -> str:
    if given.name in _NOTHING:
        return ""
    if control := _CONTROL.get(given.name):
        return control(kernel, at, given)
    known = _COMPUTING.get(given.name)
    if known is None:
        raise Untranslatable("an unknown instruction")
    statements = known(given)
    if given.name.startswith("U"):
        return f"if ({predicate(given.guard) if given.guard else 'true'}) {{ {statements} }}"
    if given.name in _WARP_WIDE:
        return f"if (const uint32_t m = {_lanes(given.guard)}) {{ {statements} }}"
    return f"LANES({_lanes(given.guard)}) {{ {statements} }}"


def _lanes(guard: str | None) -> str:
    """The lanes that work, of those whose turn it is."""
    if guard is None:
        return "w.mask"
    negated = guard.startswith("!")
    name = guard.lstrip("!")
    if name in ("PT", "UPT"):
        return "0u" if negated else "w.mask"
    if name.startswith("U"):
        return f"({'!' if negated else ''}w.up[{name[2:]}] ? w.mask : 0u)"
    return f"(w.mask & {'~' if negated else ''}w.p[{name[1:]}])"


def _target(kernel: MachineKernel, operand: str) -> int:
    if operand not in kernel.labels:
        raise Untranslatable(f"{operand} is no label")
    return kernel.labels[operand]


def _branch(kernel: MachineKernel, at: int, given: Instruction) -> str:
    *conditions, target = given.operands
    lanes = _lanes(given.guard)
    if "DIV" in given.modifiers:  # taken where a warp's lanes have gone apart
        return "w.all_together();"
    if "CONV" in given.modifiers:  # taken where they are together; else they meet first
        lanes, conditions = "(w.mask == w.live ? w.mask : 0u)", []
    for condition in conditions:
        lanes = f"({lanes} & {_lanes(condition)})"
    return f"at = w.jump({lanes}, {_target(kernel, target)}, {at + 1}); continue;"


def _call(kernel: MachineKernel, at: int, given: Instruction) -> str:
    place = _target(kernel, given.operands[-1])
    return f"at = w.jump({_lanes(given.guard)}, {place}, {at + 1}); continue;"


def _return(kernel: MachineKernel, at: int, given: Instruction) -> str:
    back = f"LANES(w.mask) w.pc[l] = {word(given.operands[0].split()[0])} / 16;"
    return f"{back} at = w.next(); continue;"


def _exit(kernel: MachineKernel, at: int, given: Instruction) -> str:
    lanes = _lanes(given.guard)
    for condition in filter(is_predicate, given.operands):
        lanes = f"({lanes} & {_lanes(condition)})"
    return f"at = w.end({lanes}, {at + 1}); continue;"


def _barrier(text: str) -> int:
    match = re.match(r"^B(\d+)$", text)
    if match is None:
        raise Untranslatable(f"{text} is no barrier")
    return int(match.group(1))


def _leave(kernel: MachineKernel, at: int, given: Instruction) -> str:
    lanes = _lanes(given.guard)
    for condition in filter(is_predicate, given.operands):
        lanes = f"({lanes} & {_lanes(condition)})"
    leave = f"w.leave_region({_barrier(given.operands[-1])}, {lanes});"
    return f"{leave} w.place(w.mask, {at + 1}); at = w.next(); continue;"


def _begin(kernel: MachineKernel, at: int, given: Instruction) -> str:
    return f"w.begin_region({_barrier(given.operands[0])});"


def _end(kernel: MachineKernel, at: int, given: Instruction) -> str:
    barrier = _barrier(given.operands[0])
    return f"at = w.end_region({barrier}, {_lanes(given.guard)}, {at + 1}); continue;"


def _wait(kernel: MachineKernel, at: int, given: Instruction) -> str:
    if given.guard or given.modifiers[:1] not in (("SYNC",), ("RED",)):
        raise Untranslatable("a barrier of another kind")
    vote = ""
    if given.modifiers[0] == "RED":
        if given.modifiers[1] != "OR":
            raise Untranslatable("a vote of another kind")
        vote = f"w.block->votes |= w.mask & {_lanes(given.operands[-1])}; "
    return f"{vote}at = w.wait_for_block({at + 1}); continue;"


def _together(kernel: MachineKernel, at: int, given: Instruction) -> str:
    if given.guard:
        raise Untranslatable("lanes that meet or not")
    if "COLLECTIVE" in given.modifiers:
        return PARTED
    return f"at = w.meet({at + 1}); continue;"


_CONTROL: dict[str, Callable[[MachineKernel, int, Instruction], str]] = {
    "BAR": _wait,
    "BRA": _branch,
    "BREAK": _leave,
    "BSSY": _begin,
    "BSYNC": _end,
    "CALL": _call,
    "EXIT": _exit,
    "RET": _return,
    "WARPSYNC": _together,
}
