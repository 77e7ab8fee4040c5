"""Plots as SVG text: bars, stacked bars, curves, and what happened when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from ....structures.arrays import Float64Array

# Okabe and Ito: told apart with any colour vision.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f")
_WIDTH, _LABEL, _VALUE, _ROW = 640, 150, 60, 22  # pixels of a plot of bars
_CURVE_POINTS = 200
_PLOT = (520, 340)  # width and height of a plot of curves, without its margins
_LEFT, _TOP, _BOTTOM, _LEGEND = 56, 12, 44, 150


def bars(values: Mapping[str, float], *, top: float, unit: str = "") -> str:
    """One horizontal bar for each value, from 0 to `top`; NaN has no bar."""
    rows = []
    for row, (name, value) in enumerate(values.items()):
        known = not math.isnan(value)
        width = _inner() * min(max(value, 0), top) / top if known else 0
        text = f"{_rounded(value, top)}{unit}" if known else "no labels"
        rows.append(
            _label(row, name)
            + _bar(row, _LABEL, width, COLOURS[0], f"{name}: {text}")
            + f'<text x="{_LABEL + width + 6:.1f}" y="{_middle(row)}">{escape(text)}</text>'
        )
    return _svg(_WIDTH, len(values) * _ROW, "".join(rows), "bars of " + ", ".join(values))


def stacked_bars(rows: Mapping[str, Mapping[str, float]]) -> str:
    """One bar of shares for each row, with a legend of what they are.

    Args:
        rows: {name: {part: how many}}; parts are the same everywhere.
    """
    parts = list(next(iter(rows.values()))) if rows else []
    drawn = [_legend_row(parts)]
    for row, (name, counts) in enumerate(rows.items(), start=1):
        whole, x = sum(counts.values()), float(_LABEL)
        drawn.append(_label(row, name))
        for part, colour in zip(parts, COLOURS, strict=False):
            width = _inner() * counts[part] / whole if whole else 0
            told = f"{name}: {part} {counts[part]:.0f} of {whole:.0f}"
            drawn.append(_bar(row, x, width, colour, told))
            x += width
        drawn.append(f'<text x="{x + 6:.1f}" y="{_middle(row)}">{whole:.0f}</text>')
    return _svg(_WIDTH, (len(rows) + 1) * _ROW, "".join(drawn), "shares of " + ", ".join(parts))


def curves(
    lines: Mapping[str, Float64Array],
    *,
    axes: tuple[str, str],
    limits: tuple[float, float],
    colours: Mapping[str, str] | None = None,
) -> str:
    """Lines over one another.

    Args:
        lines: {name: (P, 2) x and y}.
        axes: what x and y are.
        limits: greatest x and y; both start at 0.
        colours: of lines by name; others take the next of `COLOURS`.
    """
    width, height = _PLOT
    drawn = [_frame(axes, limits)]
    names: dict[str, str] = {}
    for number, (name, points) in enumerate(lines.items()):
        colour = (colours or {}).get(name, COLOURS[number % len(COLOURS)])
        names.setdefault(name, colour)
        chosen = _thinned(points)
        path = " ".join(
            f"{_LEFT + width * x / limits[0]:.1f},{_TOP + height * (1 - y / limits[1]):.1f}"
            for x, y in chosen.tolist()
        )
        drawn.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6">'
            f"<title>{escape(name)}</title></polyline>"
        )
    for row, (name, colour) in enumerate(names.items()):
        y = _TOP + 8 + row * 20
        x = _LEFT + width + 16
        drawn.append(f'<rect x="{x}" y="{y - 5}" width="14" height="4" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 20}" y="{y}">{escape(name)}</text>')
    size = _LEFT + width + _LEGEND, _TOP + height + _BOTTOM
    return _svg(*size, "".join(drawn), f"{axes[1]} over {axes[0]}")


def events(rows: Mapping[str, tuple[int, Sequence[int]]]) -> str:
    """One line of time for each row, with a tick for everything that happened.

    Args:
        rows: {name: (number of frames, the frames in which something happened)}.
    """
    drawn = []
    for row, (name, (length, frames)) in enumerate(rows.items()):
        y = row * _ROW + _ROW / 2
        drawn.append(_label(row, name))
        drawn.append(
            f'<line class="axis" x1="{_LABEL}" x2="{_LABEL + _inner()}" y1="{y}" y2="{y}"/>'
        )
        for frame in frames:
            x = _LABEL + _inner() * (frame + 0.5) / max(length, 1)
            drawn.append(
                f'<rect x="{x - 1:.1f}" y="{y - 7}" width="2" height="14" fill="{COLOURS[5]}">'
                f"<title>{escape(name)}: frame {frame}</title></rect>"
            )
        told = f"{len(frames)} in {length}"
        drawn.append(f'<text x="{_LABEL + _inner() + 6}" y="{_middle(row)}">{told}</text>')
    return _svg(_WIDTH + 20, len(rows) * _ROW, "".join(drawn), "when it happened")


def _inner() -> int:
    return _WIDTH - _LABEL - _VALUE


def _middle(row: int) -> float:
    return row * _ROW + _ROW / 2


def _label(row: int, name: str) -> str:
    shown = name if len(name) <= 20 else name[:19] + "…"
    return f'<text x="{_LABEL - 8}" y="{_middle(row)}" text-anchor="end">{escape(shown)}</text>'


def _bar(row: int, x: float, width: float, colour: str, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{row * _ROW + 3}" width="{width:.1f}" height="{_ROW - 6}" '
        f'fill="{colour}"><title>{escape(told)}</title></rect>'
    )


def _legend_row(parts: Sequence[str]) -> str:
    drawn, step = [], _inner() / max(len(parts), 1)
    for number, (part, colour) in enumerate(zip(parts, COLOURS, strict=False)):
        x = _LABEL + number * step
        drawn.append(f'<rect x="{x:.1f}" y="6" width="10" height="10" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 15:.1f}" y="{_middle(0)}">{escape(part)}</text>')
    return "".join(drawn)


def _frame(axes: tuple[str, str], limits: tuple[float, float]) -> str:
    """Grid, numbers and names of the axes."""
    width, height = _PLOT
    drawn = []
    for step in range(6):
        x, y = _LEFT + width * step / 5, _TOP + height * (1 - step / 5)
        drawn.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_LEFT + width}" y1="{y}" y2="{y}"/>'
            f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{limits[1] * step / 5:g}</text>'
            f'<text x="{x}" y="{_TOP + height + 16}" text-anchor="middle">'
            f"{limits[0] * step / 5:g}</text>"
        )
    middle = _TOP + height / 2
    drawn.append(
        f'<text x="{_LEFT + width / 2}" y="{_TOP + height + 36}" text-anchor="middle">'
        f"{escape(axes[0])}</text>"
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
        f"{escape(axes[1])}</text>"
    )
    return "".join(drawn)


def _thinned(points: Float64Array) -> Float64Array:
    """At most `_CURVE_POINTS` of them, first and last included; without NaN."""
    known = points[~np.isnan(points).any(axis=1)]
    if len(known) <= _CURVE_POINTS:
        return known
    rows = np.unique(np.linspace(0, len(known) - 1, _CURVE_POINTS).round().astype(int))
    thinned: Float64Array = known[rows]
    return thinned


def _rounded(value: float, top: float) -> str:
    return f"{value:.3f}" if top <= 1 else f"{value:.1f}"


def _svg(width: float, height: float, inside: str, told: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {max(height, 1)}" width="{width}" role="img" '
        f'aria-label="{escape(told, quote=True)}">{inside}</svg>'
    )
