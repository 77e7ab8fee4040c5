"""Whether a run that was stopped and gone on with left what an uninterrupted one leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from media import decoded

_TIMINGS = ("seconds", "fps", "seconds_to_first_frame", "stages", "resumed_at", "peak_memory_mb")


def report_of(folder: Path) -> dict[str, Any]:
    """`run.json`."""
    report: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return report


def names_in(folder: Path) -> list[str]:
    """Every file, but for the lock."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return sorted(str(file.relative_to(folder)) for file in files)


def assert_same(folder: Path, wanted: Path, *, noise: float = 3.0) -> None:
    """The same files: text byte for byte, pictures and videos frame for frame.

    Args:
        folder: of the run that was stopped.
        wanted: of the other.
        noise: mean difference of grey levels that two encodings of a frame may have.
    """
    assert names_in(folder) == names_in(wanted)
    for name in names_in(wanted):
        here, there = folder / name, wanted / name
        if name.endswith(".mp4"):
            _assert_same_video(here, there, noise)
        elif name.endswith(".png"):
            np.testing.assert_array_equal(cv2.imread(str(here)), cv2.imread(str(there)))
        elif name != "run.json":
            assert here.read_bytes() == there.read_bytes(), name
    reports = [report_of(folder), report_of(wanted)]
    for report in reports:
        for key in _TIMINGS:
            report.pop(key)
    assert reports[0] == reports[1]


def _assert_same_video(path: Path, wanted: Path, noise: float) -> None:
    frames, others = decoded(path), decoded(wanted)
    assert [time for time, _ in frames] == [time for time, _ in others]
    for (_, image), (_, other) in zip(frames, others, strict=True):
        assert np.abs(image.astype(int) - other).mean() < noise
