"""Tables of what the CUDA twins execute, from the committed results of instruction_counts.py."""

from __future__ import annotations

from itertools import groupby
from typing import Any

_GPUS = ("H200", "A100", "V100", "T4")
_NEWEST = 90  # whose instructions are compared
Rows = list[dict[str, Any]]


def _by_kernel(rows: Rows) -> dict[tuple[str, str], Rows]:
    """The launches of each kernel of a frame, on all architectures."""
    found: dict[tuple[str, str], Rows] = {}
    for row in rows:
        found.setdefault((row["of"], row["kernel"]), []).append(row)
    return found


def _instructions(rows: Rows) -> int:
    return sum(row["warp_instructions"] for row in rows if row["architecture"] == _NEWEST)


def _floor(rows: Rows, gpu: str) -> float:
    return sum(row["floor_us"].get(gpu, 0.0) for row in rows)


def _line(name: str, before: Rows, now: Rows) -> list[str]:
    old, new = _instructions(before), _instructions(now)
    floors = [f"{_floor(before, gpu):.1f} → {_floor(now, gpu):.1f}" for gpu in _GPUS]
    moved = {row["kernel"]: row["bytes_us"]["H200"] for row in now if "H200" in row["bytes_us"]}
    return [
        name,
        f"{old / 1000:,.0f}",
        f"{new / 1000:,.0f}",
        f"{old / new:.1f}",
        *floors,
        f"{sum(moved.values()):.1f}",
    ]


def instructions(before: Rows, now: Rows) -> tuple[list[str], list[list[str]]]:
    """Header and lines: a kernel of a frame each, and a frame's sum."""
    header = ["kernel", "thousands before", "now", "times fewer"]
    header += [f"{gpu}, µs" for gpu in _GPUS] + ["H200, bytes, µs"]
    old, new = _by_kernel(before), _by_kernel(now)
    lines = []
    for frame, keys in groupby(new, key=lambda key: key[0]):
        names = list(keys)
        lines += [_line(f"`{key[1]}` ({frame})", old[key], new[key]) for key in names]
        if frame == "logocap":
            whole = [[row for key in names for row in rows[key]] for rows in (old, new)]
            lines.append(_line("**LOGO-CAP's launches together**", *whole))
    return header, lines


def launches(now: Rows) -> tuple[list[str], list[list[str]]]:
    """Header and lines: a launch each, with what it takes of a multiprocessor."""
    architectures = sorted({row["architecture"] for row in now})
    header = ["launch", "blocks", "threads"]
    for name in ("registers", "shared bytes", "occupancy"):
        header.append(f"{name}, sm_{'/'.join(map(str, architectures))}")
    found: dict[tuple[str, str, int], Rows] = {}
    for row in now:
        found.setdefault((row["kernel"], row["launch"], row["threads"]), []).append(row)
    lines = []
    for (kernel, launch, threads), rows in found.items():
        newest = {row["architecture"]: row for row in rows}
        each = [newest[architecture] for architecture in architectures]
        lines.append(
            [
                f"`{launch}` of `{kernel}`",
                str(rows[0]["blocks"]),
                str(threads),
                *(
                    " / ".join(str(row[name]) for row in each)
                    for name in ("registers", "shared_bytes")
                ),
                " / ".join(f"{row['occupancy']:.0%}" for row in each),
            ]
        )
    return header, lines
