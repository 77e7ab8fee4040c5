"""Tables of what the CUDA twins execute, from the committed results of instruction_counts.py."""

from __future__ import annotations

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


def _floor(rows: Rows, gpu: str) -> str:
    """Of all launches; a stroke where they were not counted for that GPU."""
    floors = [row["floor_us"][gpu] for row in rows if gpu in row["floor_us"]]
    return f"{sum(floors):.1f}" if floors else "-"


def _line(name: str, before: Rows, now: Rows) -> list[str]:
    old, new = _instructions(before), _instructions(now)
    floors = [f"{_floor(before, gpu)} → {_floor(now, gpu)}" for gpu in _GPUS]
    moved = {row["kernel"]: row["bytes_us"]["H200"] for row in now if "H200" in row["bytes_us"]}
    return [
        name,
        f"{old / 1000:,.0f}",
        f"{new / 1000:,.0f}",
        f"{old / new:.2f}",
        *floors,
        f"{sum(moved.values()):.1f}",
    ]


def instructions(before: Rows, now: Rows) -> tuple[list[str], list[list[str]]]:
    """Header and lines: a kernel of a frame each, and a frame's sum."""
    header = ["kernel", "thousands before", "now", "times fewer"]
    header += [f"{gpu}, µs" for gpu in _GPUS] + ["H200, bytes, µs"]
    old, new = _by_kernel(before), _by_kernel(now)
    lines = []
    for frame in dict.fromkeys(frame for frame, _ in new):
        names = [key for key in new if key[0] == frame]
        lines += [_line(f"`{key[1]}` ({frame})", old[key], new[key]) for key in names]
        if frame == "logocap":
            whole = [[row for key in names for row in rows[key]] for rows in (old, new)]
            lines.append(_line("**LOGO-CAP's launches together**", *whole))
    return header, lines


def launches(now: Rows, on_sm_70: Rows) -> tuple[list[str], list[list[str]]]:
    """Header and lines: a launch each, with what it takes of a multiprocessor."""
    architectures = sorted({row["architecture"] for row in now})
    header = ["launch", "blocks", "threads"]
    older = {(row["kernel"], row["launch"]): row for row in on_sm_70}
    all_of_them = "/".join(map(str, (70, *architectures)))
    header += [f"registers, sm_{all_of_them}", "shared bytes", f"occupancy, sm_{all_of_them}"]
    found: dict[tuple[str, str, int], Rows] = {}
    for row in now:
        found.setdefault((row["kernel"], row["launch"], row["threads"]), []).append(row)
    lines = []
    for (kernel, launch, threads), rows in found.items():
        by_architecture = {row["architecture"]: row for row in rows}
        each = [by_architecture[number] for number in architectures if number in by_architecture]
        on_all = [older[kernel, launch], *each]
        lines.append(
            [
                f"`{launch}` of `{kernel}`",
                str(rows[0]["blocks"]),
                str(threads),
                " / ".join(str(row["registers"]) for row in on_all),
                str(max(row["shared_bytes"] for row in each)),
                " / ".join(f"{row['occupancy']:.0%}" for row in on_all),
            ]
        )
    return header, lines
