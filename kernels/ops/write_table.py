"""Writes `ops_table.inc`, the operators of `graph_ops.py` in C++.

python -m posetrack.kernels.ops.write_table kernels/ops/ops_table.inc
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import TextWrapper

from ..contract import CONSTANTS, SCRATCH, SCRATCH_BYTES, Argument
from ..graph_ops import DOMAIN, OPS, RATIO, VERSION, GraphOp, parsed_side

_HEAD = """\
/* The operators of domain `posetrack`. Written by write_table.py from the C headers and
 * graph_ops.py: change those, then write it again.
 */
#include "op.h"

#define PT_RUN(kernel, twin) {called<kernel##_##twin>}
#define PT_RUN_WITH_SCRATCH(kernel, twin) \\
    {called<kernel##_##twin>, called<kernel##_scratch_bytes_##twin>}
#if defined(PT_OPS_ON_CPU)
#define PT_CPU(run, kernel) run(kernel, cpu)
#else
#define PT_CPU(run, kernel) {}
#endif
#if defined(PT_OPS_ON_CUDA)
#define PT_CUDA(run, kernel) run(kernel, cuda)
#else
#define PT_CUDA(run, kernel) {}
#endif
#define PT_BOTH(run, kernel) PT_CPU(run, kernel), PT_CUDA(run, kernel)

namespace posetrack {

constexpr char kDomain[] = "%s", kVersion[] = "%d";
"""
_FOOT = "}  // namespace posetrack\n"
_ELEMENTS = {
    "float": "Element::kFloat",
    "int32_t": "Element::kInt32",
    "uint8_t": "Element::kUint8",
    "void": "Element::kHead",
}
_WRAP = TextWrapper(width=100, initial_indent="    ", subsequent_indent="    ")


def table() -> str:
    """The text of `ops_table.inc`.

    Raises:
        ValueError: a side of an array is none that the table can hold.
    """
    written = [_Op(op) for op in OPS.values()]
    head = _HEAD % (DOMAIN, VERSION)
    ops = ["constexpr Op kOps[] = {", *(one.entry() for one in written), "};"]
    return "\n".join([head, *(one.parts() for one in written), *ops, _FOOT])


class _Op:
    def __init__(self, op: GraphOp) -> None:
        self.op = op
        self.name = f"k{op.name.removeprefix('Posetrack')}"
        sides = {side for array in op.inputs for side in array.shape}
        sizes = sorted({parsed_side(side)[1] for side in sides} - {""} - op.contract.by_name.keys())
        extra = [*sizes, *([RATIO] if op.enlarges else [])]
        self.slots = [*op.contract.by_name, "stream", *extra]
        self.inputs = [array.name for array in op.inputs]

    def parts(self) -> str:
        """What the operator's line in the table is made of."""
        op, name = self.op, self.name
        lines = [
            f"/* {op.name} */",
            *_list(f"Array {name}Inputs", map(self._array, op.inputs), broken=True),
            *_list(f"Array {name}Outputs", map(self._array, op.outputs), broken=True),
            *_list(f"Slot {name}Slots", map(self._slot, self.slots)),
        ]
        if op.contract.scratch:
            numbers = ", ".join(str(self.slots.index(a.name)) for a in op.contract.scratch)
            lines.append(f"constexpr int {name}ScratchSlots[] = {{{numbers}}};")
        return "\n".join([*lines, ""])

    def entry(self) -> str:
        """The operator's line in the table."""
        name, kernel = self.name, self.op.contract.name
        scratch, run = "{}", "PT_RUN"
        if self.op.contract.scratch:
            scratch, run = f"{name}ScratchSlots", "PT_RUN_WITH_SCRATCH"
        parts = f"{name}Inputs, {name}Outputs, {name}Slots, {scratch}"
        return f'    {{"{self.op.name}", {parts},\n        PT_BOTH({run}, {kernel})}},'

    def _array(self, array: Argument) -> str:
        dtype = self.op.contract.dtype_of(array) if array.type == "void" else ""
        element = _ELEMENTS["float"] if array.output and dtype else _ELEMENTS[array.type]
        slot = self.slots.index(dtype) if dtype in self.slots and not array.output else -1
        shape, sides = ", ".join(array.shape), ", ".join(map(self._side, array.shape))
        rank = len(array.shape)
        return f'{{"{array.name}", "({shape})", {element}, {slot}, {rank}, {{{sides}}}}}'

    def _side(self, side: str) -> str:
        factor, *names = parsed_side(side)
        while names and not names[-1]:
            names.pop()
        numbers = (str(self.slots.index(name)) if name else "-1" for name in names)
        return f"{{{', '.join([str(factor), *numbers])}}}"

    def _slot(self, name: str) -> str:
        argument = self.op.contract.by_name.get(name)
        if argument is not None and argument.pointer:
            return self._pointer(argument)
        if name in (SCRATCH_BYTES, "stream"):
            return f"{name}()"
        if argument is not None and argument.type == "pt_dtype":
            return self._dtype(name)
        if name.endswith("_batch_stride"):
            array = name.removesuffix("_batch_stride")
            return f"stride({self.inputs.index(array)})" if array in self.inputs else "constant(0)"
        return self._number(name)

    def _pointer(self, argument: Argument) -> str:
        if argument.name == SCRATCH:
            return "scratch()"
        if argument.output:
            return f"output({self.op.outputs.index(argument)})"
        if argument.name in self.inputs:
            return f"input({self.inputs.index(argument.name)})"
        return "left_out()"

    def _dtype(self, name: str) -> str:
        heads = [a for a in self.op.inputs if a.type == "void"]
        own = [a.name for a in heads if self.op.contract.dtype_of(a) == name]
        return f"dtype({self.inputs.index(own[0])})" if own else f"constant({_FLOAT32})"

    def _number(self, name: str) -> str:
        if self.op.enlarges and name in ("H", "W"):
            return f"enlarged({self.slots.index(name.lower())}, {self.slots.index(RATIO)})"
        attribute = next((a for a in self.op.attributes if a.name == name), None)
        if attribute is not None:
            return f'{"whole" if attribute.type == "int64_t" else "real"}("{name}")'
        for number, array in enumerate(self.op.inputs):
            for axis, side in enumerate(array.shape):
                factor, *names = parsed_side(side)
                if names == [name, "", ""]:
                    shown = f"{number}, {axis}" + (f", {factor}" if factor > 1 else "")
                    return f"side({shown})"
        return "constant(1)"  # the side of an array that is left out


_FLOAT32 = CONSTANTS["PT_FLOAT32"]


def _list(declared: str, values: Iterable[str], *, broken: bool = False) -> list[str]:
    """An array of constants; each on a line of its own where they are to be broken."""
    found = [f"{value}," for value in values]
    lines = [f"    {value}" for value in found] if broken else _WRAP.wrap(" ".join(found))
    return [f"constexpr {declared}[] = {{", *lines, "};"]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), "utf-8")
