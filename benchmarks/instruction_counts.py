"""How many instructions do the CUDA twins execute, and how fast could a GPU be at best?

    pip install nvidia-cuda-nvdisasm nvidia-cuda-cuobjdump
    python benchmarks/instruction_counts.py [--people N] [--kernel NAME] [--save-as NAME]

Needs nvcc and a C++ compiler, and no GPU: every instruction that nvcc made for an architecture is
translated to C++ and executed on the host (machine_code/), for LOGO-CAP's post-processing of so
many people and for other kernels, on inputs of 704 x 512 pixels. The results must have the bytes of
the CPU twins, else the run fails. So the counts are those of the machine code itself, measured and
not derived; lanes that part meet again as on GPUs since Volta.

`floor_us` is an estimate of what no GPU can be faster than: the time to issue these instructions if
every scheduler issues one in every clock. It is the longest of three: all instructions over all
multiprocessors, the block with most on one, the warp with most on one scheduler. `bytes_us` is the
time to read and write each array once. V100's count is that of sm_75, whose instructions are most
alike: CUDA 13 compiles for no older GPU.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gpu_frames import Step, steps
from instruction_results import beside_others
from machine_code import older_gpus
from machine_code.twins import Launched, MachineTwins, build
from posetrack.structures.arrays import AnyArray
from timing import commit_at_hand, report

_SOURCES = {"nms_oks_visible": "oks"}  # of the others, the kernel's name


# of a multiprocessor: warps, KiB of shared memory, blocks
_ROOM = {70: (64, 96, 32), 75: (32, 64, 16), 80: (64, 164, 32), 90: (64, 228, 32)}


@dataclass(frozen=True)
class Gpu:
    """What bounds a GPU: multiprocessors, clock, memory; and the machine code that is counted."""

    architecture: int
    processors: int
    gigahertz: float
    gigabytes_per_s: float

    def issue_us(self, cost: Launched) -> float:
        """The least time to issue a launch's instructions; each multiprocessor has 4 schedulers."""
        clocks = max(
            cost.warp_instructions / (4 * min(self.processors, cost.blocks)),
            cost.most_of_block / 4,
            cost.most_of_warp,
        )
        return clocks / self.gigahertz / 1000


_OLDEST = 75  # whose instructions CUDA 13 still knows
GPUS = {
    "H200": Gpu(90, 132, 1.98, 4800),
    "A100": Gpu(80, 108, 1.41, 1555),
    "V100": Gpu(75, 80, 1.53, 900),
    "T4": Gpu(75, 40, 1.59, 320),
}


def warps_resident(architecture: int, threads: int, registers: int, shared_bytes: int) -> float:
    """The share of a multiprocessor's warps that registers and shared memory allow (occupancy)."""
    most, shared, blocks = _ROOM[architecture]
    warps = -(-threads // 32)
    of_warp = -(-registers * 32 // 256) * 256
    by_registers = 65536 // of_warp // 4 * 4 // warps
    used = -(-shared_bytes // 256) * 256
    by_shared = shared * 1024 // used if used else blocks
    return round(min(blocks, most // warps, by_registers, by_shared) * warps / most, 3)


def same_bytes(a: AnyArray, b: AnyArray) -> bool:
    """Whether both are the same; NaN has no one pattern of bits."""
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def count(twins: MachineTwins, step: Step) -> list[Launched]:
    """The launches of one step, whose result is checked."""
    wanted = step.run()
    with twins.at_work():
        got = step.run()
    for ours, theirs in zip(wanted, got, strict=True):
        if not same_bytes(ours, theirs):
            raise SystemExit(
                f"{step.kernel}: the machine code's result is not that of the CPU twin"
            )
    return twins.launches()


def row_of(twins: MachineTwins, step: Step, cost: Launched) -> dict[str, Any]:
    """What is reported of a launch."""
    kernel = twins.kernels[cost.name.decode()]
    shared = kernel.shared_bytes + cost.shared_bytes
    gpus = {name: gpu for name, gpu in GPUS.items() if gpu.architecture == twins.architecture}
    return {
        "architecture": twins.architecture,
        "of": step.of,
        "kernel": step.kernel,
        "launch": kernel.name.split("<")[0],
        "blocks": cost.blocks,
        "threads": cost.threads,
        "warp_instructions": cost.warp_instructions,
        "thread_instructions": cost.lane_instructions,
        "of_largest_block": cost.most_of_block,
        "registers": kernel.registers,
        "shared_bytes": shared,
        "occupancy": warps_resident(twins.architecture, cost.threads, kernel.registers, shared),
        "floor_us": {name: round(gpu.issue_us(cost), 2) for name, gpu in gpus.items()},
        "bytes_us": {
            name: round(step.bytes() / gpu.gigabytes_per_s / 1000, 2) for name, gpu in gpus.items()
        },
    }


def rows_of(architecture: int, kernel: str, given: list[Step]) -> list[dict[str, Any]]:
    """The launches of one kernel's steps."""
    with TemporaryDirectory() as folder:
        twins = build(Path(folder), architecture, [_SOURCES.get(kernel, kernel)])
        return [row_of(twins, step, cost) for step in given for cost in count(twins, step)]


def on_sm_70(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each launch takes there, where its instructions cannot be read: registers, occupancy."""
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    taken: dict[str, dict[str, int]] = {}
    for row in rows:
        source = _SOURCES.get(row["kernel"], row["kernel"])
        if row["architecture"] == _OLDEST:
            registers = taken.setdefault(source, older_gpus.registers(source))[row["launch"]]
            occupancy = warps_resident(70, row["threads"], registers, row["shared_bytes"])
            one = {"launch": row["launch"], "registers": registers, "occupancy": occupancy}
            found[row["kernel"], row["launch"], row["threads"]] = {"kernel": row["kernel"], **one}
    return list(found.values())


def main() -> None:
    """Count every launch."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--architecture", type=int, nargs="+", default=[75, 80, 90])
    parser.add_argument(
        "--kernel",
        help="one alone, by its name in posetrack.kernels; in the committed result it takes the "
        "place of its old counts",
    )
    parser.add_argument("--save-as", help="name of the committed result")
    options = parser.parse_args()
    by_kernel: dict[str, list[Step]] = {}
    for step in steps(options.people):
        if options.kernel in (None, step.kernel):
            by_kernel.setdefault(step.kernel, []).append(step)
    rows = [
        row
        for architecture in options.architecture
        for kernel, given in by_kernel.items()
        for row in rows_of(architecture, kernel, given)
    ]
    facts: dict[str, Any] = {"sm_70": on_sm_70(rows)}
    if options.kernel and options.save_as:
        counted = (rows, facts["sm_70"], commit_at_hand())
        rows, facts = beside_others(options.save_as, options.kernel, *counted)
    report("instruction_counts", rows, save_as=options.save_as, people=options.people, **facts)


if __name__ == "__main__":
    main()
