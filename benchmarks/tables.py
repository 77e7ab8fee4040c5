"""Write the tables of README and model card from the committed results.

    python benchmarks/tables.py

A question has one committed result, that of the machine where it was measured last. Each table
stands between `<!-- NAME table -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import instruction_tables
from plain_loop import BACKENDS
from posetrack.models import FAMILIES
from timing import RESULTS

ROOT = Path(__file__).resolve().parents[1]


def load(question: str, machine: str = "*") -> dict[str, Any]:
    """The committed result of a question, of whatever machine if there is one alone."""
    files = sorted(RESULTS.glob(f"{question}--{machine}.json"))
    if len(files) != 1:
        raise SystemExit(f"{RESULTS} must hold one result of {question}, has {len(files)}")
    result: dict[str, Any] = json.loads(files[0].read_text(encoding="utf-8"))
    return result


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def options(row: dict[str, Any]) -> str:
    """The flags of a row as a user types them."""
    return f"`--size {row['size']}{' --flip-test' if row['flip_test'] else ''}`"


def accuracy() -> str:
    """AP and PCK against end-to-end speed."""
    speed = {
        (row["size"], row["flip_test"], row["backend"]): row["fps"]["median"]
        for row in load("speed")["rows"]
    }
    rows = [
        [options(row), f"**{row['AP']:.3f}**", f"{row['PCK']:.3f}"]
        + [f"{speed[row['size'], row['flip_test'], backend]:.1f}" for backend in BACKENDS]
        for row in load("accuracy")["rows"]
    ]
    return table(["options", "AP", "PCK", *(f"FPS, {backend}" for backend in BACKENDS)], rows)


def card() -> str:
    """All AP figures."""
    names = ("AP", "AP50", "AP75", "AP_medium", "AP_large", "PCK")
    rows = [
        [options(row), *(f"{row[name]:.3f}" for name in names)] for row in load("accuracy")["rows"]
    ]
    header = ["options", "AP", "AP50", "AP75", "medium", "large", "PCK@0.2 (LSP)"]
    return table(header, rows)


def plain_loop() -> str:
    """Our command against the loop that a user would write."""
    rows = [
        [row["case"], f"{row['fps']['median']:.1f}", f"{row['ratio_to_plain_loop']:.2f}"]
        for row in load("plain_loop")["rows"]
    ]
    return table(["same clip, same threads", "FPS (median)", "ratio to the plain loop"], rows)


def postprocess() -> str:
    """Every row: our kernels against plain PyTorch and NumPy."""
    rows = [
        [
            row["case"],
            str(row["people"]),
            str(row["threads"]),
            *(f"{row[name]:.2f}" for name in ("ours_ms", "torch_ms", "numpy_ms")),
            f"{row['speedup']:.1f}",
        ]
        for row in load("postprocess")["rows"]
    ]
    times = ("ours, ms", "PyTorch, ms", "NumPy, ms")
    header = ["case", "people", "PyTorch's threads", *times, "ratio"]
    return table(header, rows)


def postprocess_summary() -> str:
    """The rows of the largest crowd on one thread."""
    measured = load("postprocess")["rows"]
    people_max = max(row["people"] for row in measured)
    rows = [
        [row["case"], f"{row['ours_ms']:.2f}", f"{row['torch_ms']:.1f}", f"{row['speedup']:.0f}x"]
        for row in measured
        if row["people"] == people_max and row["threads"] == 1
    ]
    return table(["post-processing", "ours, ms", "plain PyTorch, ms", "ratio"], rows)


def onnx_forms() -> str:
    """Milliseconds of a frame by the file's form, and against the head form."""
    rows = [
        [
            row["case"],
            row["contestant"],
            f"{row['ms']['median']:.1f}",
            f"{row['ratio']:.2f} ± {row['ratio_spread']['iqr'] / 2:.2f}",
        ]
        for row in load("onnx_forms")["rows"]
    ]
    return table(["case", "form", "ms", "to the head form"], rows)


def sizes(family: str) -> str:
    """Parameters and operations of a family's networks."""
    measured = [row for row in load("network_size")["rows"] if row["family"] == family]
    several = len({row["rules"] for row in measured}) > 1
    rows = [
        [
            f"`{row['model']}`" + (f", {row['rules']}" if several else ""),
            row["size"],
            f"{row['parameters_m']:.1f} M",
            f"{row['gmacs']:.1f}",
        ]
        for row in measured
    ]
    return table(["network", "input (w x h)", "parameters", "GMACs"], rows)


def _scores(row: dict[str, Any]) -> str:
    return " / ".join(f"{row[name]:.1f}" for name in ("MOTA", "IDF1", "HOTA"))


def tracking() -> str:
    """Scores of every tracker at every noise."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in load("tracking")["rows"]:
        found.setdefault(row["tracker"], {})[row["noise"]] = row
    levels = ("mild", "medium", "hard")
    whole = {name: rows for name, rows in found.items() if set(rows) == set(levels)}
    rows = [
        [f"`{name}`", *(_scores(rows[level]) for level in levels), f"{rows['medium']['fps']:,}"]
        for name, rows in whole.items()
    ]
    columns = [f"{level}: MOTA / IDF1 / HOTA" for level in levels]
    return table(["tracker", *columns, "FPS, medium"], rows)


def tracking_parts() -> str:
    """Our trackers and what they are without a part, at medium noise."""
    rows = [
        [row["tracker"], _scores(row), str(row["switches"])]
        for row in load("tracking")["rows"]
        if row["noise"] == "medium" and row["tracker"].startswith(("fast", "best"))
    ]
    return table(["tracker", "MOTA / IDF1 / HOTA", "switches"], rows)


def tracking_real() -> str:
    """Scores of every tracker on real detections."""
    sets = ("060470979", "mot15")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in load("tracking_real")["rows"]:
        found.setdefault(row["tracker"], {})[row["set"]] = row
    rows = []
    for name, by_set in found.items():
        clip, mot = (by_set.get(one) for one in sets)
        boxes = "" if mot is None else f"{mot['IDF1']:.1f} / {mot['HOTA']:.1f} ({mot['switches']})"
        poses = "" if clip is None else f"{_scores(clip)} ({clip['switches']})"
        rows.append([f"`{name}`", poses, boxes])
    columns = ["tracker", "060470979: MOTA / IDF1 / HOTA (switches)"]
    return table([*columns, "MOT15: IDF1 / HOTA (switches)"], rows)


def replace(path: Path, name: str, text: str) -> None:
    """Put `text` into a named place of a document."""
    document = path.read_text(encoding="utf-8")
    pattern = rf"(<!-- {name} table -->\n).*?(<!-- end -->)"
    changed, count = re.subn(pattern, rf"\g<1>{text}\n\g<2>", document, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{path} has no place for the table {name!r}")
    path.write_text(changed, encoding="utf-8")


def main() -> None:
    """Rewrite the documents."""
    replace(ROOT / "README.md", "accuracy", accuracy())
    replace(ROOT / "README.md", "plain loop", plain_loop())
    replace(ROOT / "README.md", "postprocess summary", postprocess_summary())
    replace(ROOT / "docs" / "kernels.md", "postprocess", postprocess())
    replace(ROOT / "docs" / "onnx.md", "forms", onnx_forms())
    replace(ROOT / "docs" / "tracking.md", "tracking", tracking())
    replace(ROOT / "docs" / "tracking.md", "tracking parts", tracking_parts())
    replace(ROOT / "docs" / "tracking.md", "tracking real", tracking_real())
    before, now = (load("instruction_counts", when) for when in ("before", "now"))
    counted = instruction_tables.instructions(before["rows"], now["rows"])
    replace(ROOT / "docs" / "kernels.md", "instructions", table(*counted))
    taken = instruction_tables.launches(now["rows"], now["sm_70"])
    replace(ROOT / "docs" / "kernels.md", "launches", table(*taken))
    cards = ROOT / "docs" / "models"
    replace(cards / "movenet-multipose.md", "card", card())
    for family in FAMILIES.keys() - {"movenet"}:  # whose card has another table
        replace(cards / f"{family}.md", "size", sizes(family))


if __name__ == "__main__":
    main()
