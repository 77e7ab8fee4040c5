"""What every benchmark shares: medians, the machine, the result file."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from posetrack.apps.run.run import machine

RESULTS = Path(__file__).parent / "results"


def spread(values: list[float]) -> dict[str, float]:
    """Median and interquartile range."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return {"median": round(median(values), 4), "iqr": round(high - low, 4)}


def report(question: str, rows: list[dict[str, Any]], *, save_as: str | None, **facts: Any) -> None:
    """Print the rows as JSON on stdout and, with a machine's name, commit them to a file."""
    result = {
        "question": question,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "commit": commit_at_hand(),
        "machine": machine(),
        "versions": _versions("posetrack", "onnxruntime", "openvino"),
        **facts,
        "rows": rows,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if save_as:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{question}--{save_as}.json"
        path.write_text(text + "\n", encoding="utf-8")
        print(f"written to {path}", file=sys.stderr)


def _versions(*names: str) -> dict[str, str]:
    """Of those packages that are there."""
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def commit_at_hand() -> str:
    """Of the sources, with `-dirty` where they were changed since."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
