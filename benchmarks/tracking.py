"""How well are people followed, and how fast, against named trackers on the same detections?

    python benchmarks/tracking.py --bench DIR [--peer NAME=PYTHON ...] [--rounds N]
        [--save-as MACHINE]

DIR is what `make_bench.py` of ../shared/tracking writes; its scorer and its peers, with the
settings of its jobs.json, are used as they are. Every peer runs in a Python of its own, with its
package, SciPy and TrackEval 1.3.0. Contestants take turns: each round runs every one once at every
noise. Speed is of the tracker alone. Keypoints below 0.45 are written by nobody.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from posetrack.apps.flow_loading import FlowMaker
from posetrack.apps.tracking.appearance_file import AppearanceFile
from posetrack.apps.tracking.detections import open_detections
from posetrack.apps.tracking.track import TrackJob
from posetrack.trackers import PRESETS, TrackerConfig
from timing import report

LEVELS = ("mild", "medium", "hard")
KEYPOINT_SCORE = 0.45
_FAST = PRESETS["fast"]
ABLATIONS = {
    "fast without iou": replace(_FAST, iou_weight=0.0),
    "fast without oks": replace(_FAST, oks_weight=0.0),
    "fast with motion": replace(_FAST, motion_weight=0.3),
    "fast with doubles": replace(_FAST, double_oks=1.0),
    "fast without keypoint memory": replace(_FAST, keypoint_memory_s=1e-3),
    "fast, lost after 1.5 s": replace(_FAST, lost_s=1.5),
    "best by euclidean distance": replace(_FAST, euclidean_weight=1.0),
}


def ours(  # noqa: PLR0913 - all that a tracker may be given
    name: str,
    config: TrackerConfig,
    bench: Path,
    level: str,
    python: str,
    *,
    video: Path | None = None,
    make_flow: FlowMaker | None = None,
) -> dict[str, Any]:
    """One of our trackers on all sequences of a noise, or of whatever detections there are."""
    folder = bench / "det" / level
    vectors = folder / "appearance.npz"
    looks = AppearanceFile(vectors) if config.appearance and vectors.exists() else None
    job = TrackJob(
        config, "posetrack18", KEYPOINT_SCORE, looks, video, alone=False, make_flow=make_flow
    )
    with tempfile.TemporaryDirectory() as place:
        done = []
        for path in sorted((folder / "jsonl").iterdir()):
            video = open_detections(path, 25.0)
            done.append(job.run(video, Path(place) / f"{video.name}.json"))
        scores = scored(bench, Path(place), python)
    fps = sum(one.frames for one in done) / sum(one.seconds for one in done)
    return {"tracker": name, "noise": level, **scores, "fps": fps}


def scored(bench: Path, predictions: Path, python: str) -> dict[str, float]:
    """By the benchmark's own scorer, which needs TrackEval."""
    script = SHARED / "evaluate.py"
    command = [python, script, "--gt", bench / "gt", "--pred", predictions]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return _named(json.loads(answer.stdout))


def theirs(name: str, python: str, bench: Path, level: str) -> dict[str, Any]:
    """A peer on all sequences of a noise."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out.json"
        command = [python, SHARED / "run_baselines.py", "--bench", bench, "--out", out]
        command += ["--jobs", SHARED / "jobs.json", "--only", name, "--levels", level]
        subprocess.run([*command, "--runs", "1"], capture_output=True, check=True)
        result = json.loads(out.read_text(encoding="utf-8"))[name][level]
    return {"tracker": name, "noise": level, **_named(result), "fps": result["tracker_fps"]}


def _named(result: dict[str, Any]) -> dict[str, float]:
    pose, box = result["all"]["pose"], result["all"]["box"]
    return {
        "MOTA": round(pose["mota"], 2),
        "IDF1": round(100 * box["idf1"], 2),
        "HOTA": round(100 * box["hota"], 2),
        "switches": box["id_switches"],
    }


def rows_of(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row for each tracker and noise; scores never change, speed is the median."""
    peers = dict(peer.split("=", 1) for peer in options.peer)
    scorer = next(iter(peers.values()), sys.executable)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for number in range(options.rounds):
        for level in options.levels:
            turns = [ours(name, PRESETS[name], options.bench, level, scorer) for name in PRESETS]
            turns += [theirs(name, python, options.bench, level) for name, python in peers.items()]
            if number == 0 and level == "medium":
                for name, config in ABLATIONS.items():
                    turns.append(ours(name, config, options.bench, level, scorer))
            for row in turns:
                print(row, file=sys.stderr)
                found.setdefault((row["tracker"], row["noise"]), []).append(row)
    return [
        {**rows[0], "fps": round(median(row["fps"] for row in rows))} for rows in found.values()
    ]


def main() -> None:
    """Run all trackers on a benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--peer", action="append", default=[], help="name in jobs.json = python")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    rows = rows_of(options)
    sequences = json.loads((options.bench / "sequences.json").read_text(encoding="utf-8"))
    facts = {"sequences": len(sequences), "frames": sum(s["frames"] for s in sequences.values())}
    report("tracking", rows, save_as=options.save_as, rounds=options.rounds, **facts)


SHARED = Path(__file__).resolve().parents[2] / "shared" / "tracking"

if __name__ == "__main__":
    main()
