"""Scores as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..sentences import printable

_WIDE = 160  # columns where nobody can say how wide a terminal is
_ANY_WIDTH = 10_000


def print_json(report: Mapping[str, Any]) -> None:
    """One JSON document on stdout; what could not be scored is null."""
    print(json.dumps(_plain(report), indent=2, allow_nan=False))


Rows = Sequence[tuple[str, Sequence[float | str | None]]]


def print_table(title: str, columns: Sequence[str], rows: Rows) -> None:
    """A table on stdout. A single row stands as a column where the terminal is too narrow for it.

    Args:
        title: above it.
        columns: names; the first is that of the rows' names.
        rows: (name, values); numbers are shown as `shown` does.
    """
    table = _table(title, columns, rows)
    width = Console(file=sys.stdout).width if sys.stdout.isatty() else _WIDE
    if _width(table) > width and len(rows) == 1:
        ((name, values),) = rows
        turned = [(column, [value]) for column, value in zip(columns[1:], values, strict=True)]
        table = _table(title, [columns[0], name], turned)
    # nothing is cut: what is still too wide, the terminal wraps
    Console(file=sys.stdout, width=max(width, _width(table))).print(table)


def _table(title: str, columns: Sequence[str], rows: Rows) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for name, values in rows:
        # a name may look like markup, or hold anything else
        table.add_row(Text(printable(name)), *(shown(value) for value in values))
    return table


def _width(table: Table) -> int:
    """Columns that it needs."""
    console = Console(width=_ANY_WIDTH)
    return console.measure(table).maximum


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
