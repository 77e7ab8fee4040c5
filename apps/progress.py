"""How far a run is, on stderr: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from time import perf_counter

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ..structures.closeable import Closeable
from .sentences import printable, say

_SECONDS_PER_LINE = 5.0
_LABEL_LENGTH = 30


class RunProgress(Closeable):
    """Shows the progress of one source; a context manager.

    Args:
        label: what is being worked on.
        total: frames, or None if unknown.
        done: of them, by an earlier run.
        quiet: show nothing.
        bar: show a bar where there is a terminal; of several at once only lines can be shown.
    """

    def __init__(
        self, label: str, total: int | None, done: int = 0, *, quiet: bool, bar: bool = True
    ) -> None:
        label = printable(label)
        short = label if len(label) <= _LABEL_LENGTH else label[: _LABEL_LENGTH - 1] + "…"
        self._label, self._total, self._quiet = short, total, quiet
        self._earlier = self._done = done
        self._start = self._last_line = perf_counter()
        console = Console(stderr=True)
        self._bar: Progress | None = None
        if bar and console.is_terminal and not console.is_dumb_terminal and not quiet:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[fps]}"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task(short, total=total, completed=done, fps="")
            self._bar.start()

    def advance(self) -> None:
        """One frame more is done."""
        self._done += 1
        now = perf_counter()
        fps = (self._done - self._earlier) / max(now - self._start, 1e-9)
        if self._bar is not None:
            self._bar.update(self._task, advance=1, fps=f"{fps:.1f} FPS")
        elif not self._quiet and now - self._last_line >= _SECONDS_PER_LINE:
            self._last_line = now
            self._print_line(fps)

    def _print_line(self, fps: float) -> None:
        of = f" of {self._total}" if self._total else ""
        left = f", {self._eta(fps)}" if self._total else ""
        say(f"{self._label}: {self._done}{of} frames, {fps:.1f} FPS{left}")

    def _eta(self, fps: float) -> str:
        seconds = round(max((self._total or 0) - self._done, 0) / max(fps, 1e-9))
        return f"{seconds // 60}:{seconds % 60:02d} left"

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
