"""Scores as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDE = 160  # columns where nobody can say how wide a terminal is


def print_json(report: Mapping[str, Any]) -> None:
    """One JSON document on stdout; what could not be scored is null."""
    print(json.dumps(_plain(report), indent=2, allow_nan=False))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float | str | None]]]
) -> None:
    """A table on stdout.

    Args:
        title: above it.
        columns: names; the first is that of the rows' names.
        rows: (name, values); numbers are shown as `shown` does.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for name, values in rows:
        table.add_row(name, *(shown(value) for value in values))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE)
    console.print(table)


def shown(value: float | str | None) -> str:
    """A number as people read it: counts whole, shares with three decimals, per cent with one."""
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.1f}"


def _plain(value: Any) -> Any:
    """Dictionaries, lists and numbers that JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
