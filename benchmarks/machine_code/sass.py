"""NVIDIA's machine code (SASS) as text: instructions, labels and resources of a cubin's kernels.

Needs `pip install nvidia-cuda-nvdisasm nvidia-cuda-cuobjdump`, whose programs it finds.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"^\s+/\*([0-9a-f]+)\*/\s+(?:@(!?U?P[0-9T]+)\s+)?([A-Z0-9_.]+)\s*(.*?)\s*;")
_LABEL = re.compile(r"^(\S+):\s*$")
_TARGET = re.compile(r"`\((.*)\)")
_REMARK = re.compile(r"\s*\(\*.*?\*\)")  # such as (*"SpillRefill"*), of newer disassemblers
_NAN = re.compile(r"[+-]?[QS]NAN")


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        guard: the predicate that lanes need, such as `!P0`; None: all execute it.
        name: what it does; `modifiers`: how, such as (GE, AND) of ISETP.GE.AND.
        operands: as written, the target of a jump as its label.
    """

    guard: str | None
    name: str
    modifiers: tuple[str, ...]
    operands: tuple[str, ...]

    def __str__(self) -> str:
        guard = f"@{self.guard} " if self.guard else ""
        return f"{guard}{'.'.join((self.name, *self.modifiers))} {', '.join(self.operands)}"


@dataclass
class MachineKernel:
    """The machine code of one kernel, with the functions that it calls behind it.

    Attributes:
        name: without namespaces and arguments, such as `adapt<float,float>`.
        code: instruction number n lies at byte 16 n.
        labels: number of the instruction behind each label.
        registers, shared_bytes, stack_bytes: of a thread, a block and a thread.
        numbers: the words that it reads as c[0x2].
    """

    name: str
    code: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    registers: int = 0
    shared_bytes: int = 0
    stack_bytes: int = 0
    numbers: tuple[int, ...] = ()


@cache
def program(name: str) -> str:
    """The path of one of NVIDIA's programs, or its name where pip has not installed it."""
    spec = find_spec("nvidia")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob(f"**/bin/{name}")):
            return str(path)
    return name


def _output(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def short_name(symbol: str) -> str:
    """A kernel's name without namespaces, return type and arguments."""
    name = _output("c++filt", symbol).strip()
    name = re.sub(r"posetrack::|\(anonymous namespace\)::|^void ", "", name)
    return name.split("(")[0].replace(" ", "")


def kernels_of(cubin: Path) -> list[MachineKernel]:
    """All kernels of a cubin."""
    found: list[MachineKernel] = []
    for line in _output(program("nvdisasm"), "-c", cubin).splitlines():
        if section := re.match(r"^\s+\.section\s+\.text\.([^,]+),", line):
            found.append(MachineKernel(section.group(1).strip('"')))
        elif found:
            _take_line(found[-1], line)
    for kernel in found:
        _take_resources(kernel, cubin)
        kernel.numbers = _words_of_section(cubin, f".nv.constant2.{kernel.name}")
        words = _words_of_section(cubin, f".text.{kernel.name}")
        kernel.code = [_exact(one, words[4 * n + 1]) for n, one in enumerate(kernel.code)]
        kernel.name = short_name(kernel.name)
    return found


class Section(NamedTuple):
    """A section of an ELF file; `info` of code has its registers in the upper byte up to sm_89."""

    name: str
    info: int
    data: bytes


def sections(elf: bytes) -> Iterator[Section]:
    """All sections of an ELF file."""
    (table,) = struct.unpack_from("<Q", elf, 40)
    size, count, of_names = struct.unpack_from("<HHH", elf, 58)
    heads = [struct.unpack_from("<IIQQQQII", elf, table + i * size) for i in range(count)]
    names = elf[heads[of_names][4] :]
    for at, _, _, _, offset, length, _, info in heads:
        name = names[at : names.index(b"\0", at)].decode()
        yield Section(name, info, elf[offset : offset + length])


def _words_of_section(cubin: Path, name: str) -> tuple[int, ...]:
    """The words of a section; none where there is no such section."""
    for section in sections(cubin.read_bytes()):
        if section.name == name:
            return struct.unpack(f"<{len(section.data) // 4}I", section.data)
    return ()


def _take_line(kernel: MachineKernel, line: str) -> None:
    if label := _LABEL.match(line):
        kernel.labels[label.group(1)] = len(kernel.code)
    elif parts := _LINE.match(line):
        at, guard, name, text = parts.groups()
        if int(at, 16) != 16 * len(kernel.code):
            raise SystemExit(f"{kernel.name}: instructions must take 16 bytes each: {line}")
        operands = [
            _TARGET.sub(r"\1", part.strip()).replace(".reuse", "")
            for part in _REMARK.sub("", text).split(",")
            if part.strip()
        ]
        base, *modifiers = name.split(".")
        kernel.code.append(Instruction(guard, base, tuple(modifiers), tuple(operands)))


def _exact(instruction: Instruction, immediate: int) -> Instruction:
    """With the bits of an operand that the disassembler calls NaN, whichever it is.

    Such as the upper word of an infinite float64, which FSEL chooses. Those of float64 arithmetic
    are only ever NaN.
    """
    if instruction.name.startswith("D"):
        return instruction
    operands = tuple(_NAN.sub(f"0x{immediate:08x}", text) for text in instruction.operands)
    return replace(instruction, operands=operands)


def _take_resources(kernel: MachineKernel, cubin: Path) -> None:
    text = _output(program("cuobjdump"), "-res-usage", cubin)
    found = re.search(rf"Function {re.escape(kernel.name)}:\s*(.*)", text)
    if found is None:
        raise SystemExit(f"{cubin} says nothing of the resources of {kernel.name}")
    sizes = dict(re.findall(r"([A-Z]+):(\d+)", found.group(1)))
    kernel.registers = int(sizes["REG"])
    kernel.shared_bytes = int(sizes["SHARED"])
    kernel.stack_bytes = int(sizes["STACK"])
