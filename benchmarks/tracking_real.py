"""How well are people of real detections followed, against the same peers?

    python benchmarks/tracking_real.py [--peer NAME=PYTHON ...] [--save-as MACHINE]

Two sets. `060470979`: the one clip of ../shared/data with true pose tracks, 41 frames and 4 people
who cross and hide each other, found by the default model, those who are people by their scores.
`mot15`: eleven sequences of MOT15 with the public detections of github.com/abewley/sort: boxes and
no pictures. The scorer wants keypoints: they stand in rows in each box, and our trackers do not
look at them. Scores as in tracking.py; peers have the settings that were tuned on other sequences.

MOTA is the mean over joints, and the clip's truth has few heads: a person too many costs hundreds.
"""

from __future__ import annotations

import argparse
import configparser
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from posetrack.apps.flow_loading import DIS, OFF, open_flow
from posetrack.apps.media.reading import open_source
from posetrack.engine import PoseEngine
from posetrack.formats.posetrack18 import CATEGORY, KEYPOINTS
from posetrack.structures import COCO_17
from posetrack.trackers import PRESETS, TrackerConfig, preset
from timing import report
from tracking import ours, theirs

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "tracks"
CLIP = "060470979"
CLIP_FPS = 25.0
LEVEL = "found"  # the folder of detections, where made-up ones have a noise
BOXES = {"oks_weight": 0.0, "iou_weight": 1.0}
_COLUMNS = [COCO_17.keypoints.index(n) if n in COCO_17.keypoints else -1 for n in KEYPOINTS]


def write_clip(folder: Path) -> None:
    """The default model's poses in the clip, and the truth."""
    multi = DATA / "multi_person_posetrack"
    truth = json.loads((multi / "test" / f"{CLIP}.json").read_text(encoding="utf-8"))
    _write(folder / "gt" / f"{CLIP}.json", json.dumps(truth))
    lines: list[dict[str, Any]] = []
    with (
        PoseEngine.load() as engine,
        open_source(multi / "videos" / CLIP, CLIP_FPS) as source,
    ):
        limits = TrackerConfig.of(engine.spec)
        for frame in source.frames():
            poses = engine(frame.image)
            # peers take every pose that they are given: only those who are people by their scores
            poses = poses[limits.clear_people(poses.scores, poses.keypoint_scores.mean(axis=1))]
            padded = np.concatenate((poses.keypoints, poses.keypoint_scores[..., None]), axis=2)
            padded = np.pad(padded, ((0, 0), (0, 1), (0, 0)))[:, _COLUMNS]
            people = zip(poses.scores, poses.boxes, padded, strict=True)
            persons = [_person(s, [*b[:2], *(b[2:] - b[:2])], k) for s, b, k in people]
            lines.append({"frame": frame.index, "time_s": frame.time_s, "persons": persons})
    _write_lines(folder, CLIP, lines)


def write_mot(folder: Path) -> None:
    """MOT15's public detections and truth."""
    for place in sorted((DATA / "mot" / "MOT15-train").iterdir()):
        info = configparser.ConfigParser()
        info.read(place / "seqinfo.ini")
        count = int(info["Sequence"]["seqLength"])
        fps = float(info["Sequence"]["frameRate"])
        images = [{"id": i, "file_name": f"{i}.jpg", "is_labeled": True} for i in range(count)]
        people = [
            {
                **_person(1, box, _rows_in(box)),
                "bbox_head": [*box[:3], box[3] / 6],
                "image_id": frame,
                "track_id": int(track),
            }
            for frame, track, box, _ in _mot_rows(place / "gt" / "gt.txt", count)
        ]
        people = [{**p, "id": i, "category_id": 1} for i, p in enumerate(people)]
        truth = {"images": images, "annotations": people, "categories": [CATEGORY]}
        _write(folder / "gt" / f"{place.name}.json", json.dumps(truth))
        lines: list[dict[str, Any]] = [
            {"frame": i, "time_s": i / fps, "persons": []} for i in range(count)
        ]
        for frame, _, box, score in _mot_rows(place / "det_sort" / "det.txt", count):
            lines[frame]["persons"].append(_person(score, box, _rows_in(box)))
        _write_lines(folder, place.name, lines)


def _mot_rows(path: Path, count: int) -> Iterator[tuple[int, float, list[float], float]]:
    """Frame from 0, track, x y w h, and score of each line that counts."""
    for row in np.loadtxt(path, delimiter=",", ndmin=2):
        if 1 <= row[0] <= count and row[6] > 0:
            yield int(row[0]) - 1, row[1], row[2:6].tolist(), float(row[6])


def _rows_in(box: list[float]) -> Any:
    """(17, 3) keypoints of score 1 in rows of four, inside a box x y w h."""
    i = np.arange(17)
    across, down = (0.5 + i % 4) / 4, (0.5 + i // 4) / 5
    return np.stack((box[0] + across * box[2], box[1] + down * box[3], np.ones(17)), axis=1)


def _person(score: float, box: list[float], keypoints: Any) -> dict[str, Any]:
    rounded = np.where(keypoints[:, 2:] > 0, keypoints, 0).round(3)
    flat = rounded.tolist()
    return {"score": float(score), "bbox": [round(float(x), 2) for x in box], "keypoints": flat}


def write_names(folder: Path) -> None:
    """What there is, as the scorer of the peers wants to know it."""
    names = sorted(path.stem for path in (folder / "gt").iterdir())
    _write(folder / "sequences.json", json.dumps({name: {"groups": ["real"]} for name in names}))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_lines(folder: Path, name: str, lines: list[dict[str, Any]]) -> None:
    path = folder / "det" / LEVEL / "jsonl" / f"{name}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))


def rows_of(folder: Path, scorer: str, peers: dict[str, str]) -> list[dict[str, Any]]:
    """One row a set and tracker."""
    rows = []
    for name, write in ((CLIP, write_clip), ("mot15", write_mot)):
        bench = folder / name
        write(bench)
        write_names(bench)
        video = DATA / "multi_person_posetrack" / "videos" if name == CLIP else None
        for tracker in PRESETS:
            for flow in (OFF, DIS) if video and tracker != "fast" else (OFF,):
                config = preset(tracker, flow=flow != OFF)
                config = config if video else replace(config, **BOXES)
                shown = tracker if flow == OFF else f"{tracker}, flow {flow}"
                seen = video if config.camera or flow != OFF else None
                with open_flow(flow) as make:
                    row = ours(shown, config, bench, LEVEL, scorer, video=seen, make_flow=make)
                rows.append({"set": name, **row})
        rows += [{"set": name, **theirs(p, at, bench, LEVEL)} for p, at in peers.items()]
    for row in rows:
        del row["noise"]
        row["fps"] = round(row["fps"])
        if row["set"] == "mot15":
            del row["MOTA"]  # of keypoints, and there are none
    return rows


def main() -> None:
    """Run all trackers on both sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="append", default=[], help="name in jobs.json = python")
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in options.peer)
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(Path(folder), next(iter(peers.values()), sys.executable), peers)
    report("tracking_real", rows, save_as=options.save_as)


if __name__ == "__main__":
    main()
