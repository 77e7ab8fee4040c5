"""The committed result of instruction_counts.py, of which one kernel may be counted again alone."""

from __future__ import annotations

import json
from typing import Any

from timing import RESULTS

Rows = list[dict[str, Any]]


def beside_others(
    save_as: str, kernel: str, rows: Rows, on_sm_70: Rows, commit: str
) -> tuple[Rows, dict[str, Any]]:
    """The rows of a committed result with those of one kernel in place of its old ones.

    Returns:
        All rows, and the facts `sm_70`, likewise, and `commits`: at which each kernel was counted.
    """
    path = RESULTS / f"instruction_counts--{save_as}.json"
    old: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    commits = old.get("commits", {row["kernel"]: old["commit"] for row in old["rows"]})
    architectures = list(dict.fromkeys(row["architecture"] for row in old["rows"]))
    found: Rows = []
    for architecture in architectures:
        before, now = (
            [r for r in all_ if r["architecture"] == architecture] for all_ in (old["rows"], rows)
        )
        found += _replaced(before, now, kernel)
    facts = {
        "commits": commits | {kernel: commit},
        "sm_70": _replaced(old["sm_70"], on_sm_70, kernel),
    }
    return found, facts


def _replaced(before: Rows, now: Rows, kernel: str) -> Rows:
    """Rows where those of a kernel, if there were any, give their place to others."""
    at = next((i for i, row in enumerate(before) if row["kernel"] == kernel), len(before))
    behind = [row for row in before[at:] if row["kernel"] != kernel]
    return [*before[:at], *now, *behind]
