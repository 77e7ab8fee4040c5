"""A page of sections: headings, tables, plots, pictures, and the styles they need."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ....structures.partial_file import whole_file
from ..output import shown

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1f23; --soft: #62666d; --line: #d9dce1; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a3a8b0; --line: #3a3e45; --page: #17181b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p, figcaption { color: var(--soft); } p { max-width: 46rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block;
  overflow-x: auto; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
svg { max-width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; dominant-baseline: middle; }
svg .axis { stroke: var(--line); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; } figure img { height: 11rem; border-radius: 4px; }
figcaption { font-size: .8rem; }
"""


def write_page(path: Path, title: str, told: str, sections: Sequence[str]) -> None:
    """Write a page; it appears when it is whole.

    Args:
        path: of the file.
        title: of the page.
        told: what was compared with what.
        sections: HTML.

    Raises:
        OSError: the file cannot be written.
    """
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(told)}</p>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def section(heading: str, *parts: str, note: str = "") -> str:
    """A heading, what it means, and what stands below."""
    told = f"<p>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(heading)}</h2>{told}{''.join(parts)}</section>"


def table(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float | str | None]]]) -> str:
    """A table; the first column holds the rows' names."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{escape(shown(value))}</td>" for value in values)
        + "</tr>"
        for name, values in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def picture(data: str, caption: str) -> str:
    """An image with a caption; `data` is a data URL."""
    told = escape(caption, quote=True)
    return f'<figure><img src="{data}" alt="{told}"><figcaption>{told}</figcaption></figure>'


def pictures(figures: Sequence[str]) -> str:
    """Images beside one another."""
    return f'<div class="pictures">{"".join(figures)}</div>'
