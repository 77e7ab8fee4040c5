"""Is `posetrack-run` faster than the 25 lines that a user would write instead?

The plain loop reads with OpenCV, runs the same network in ONNX Runtime, decodes the published
graph's six people with NumPy, draws circles and writes `mp4v`. It neither tracks nor keeps records,
and its video does not play in browsers. Both get the same clip, threads and input size; runs take
turns.

    python benchmarks/plain_loop.py one-by-one-person-detection.mp4 --save-as NAME
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import cv2
import numpy as np
import onnxruntime as ort
from posetrack.engine import DEFAULT_MODEL, model_path
from timing import report, spread

SIZE, MULTIPLE, PEOPLE = 256, 32, 6
SKIPPING = "plain loop that skips weak centers"
# How `posetrack run` is told to compute the network.
BACKENDS: dict[str, list[str]] = {
    "onnxruntime fp32": [],
    "openvino fp32": ["--backend", "openvino"],
    "openvino bf16": ["--backend", "openvino", "--precision", "bf16"],
}


def plain_loop(video: str, output: str, max_frames: int, *, min_center: float = 0.0) -> float:
    """The alternative; returns its frames per second, the model's loading left out.

    As published, six people are decoded whatever their score; `min_center` skips weak ones.
    """
    session = ort.InferenceSession(str(model_path(DEFAULT_MODEL)))
    capture = cv2.VideoCapture(video)
    width, height = int(capture.get(3)), int(capture.get(4))
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(output, fourcc, capture.get(5), (width, height))
    w = round(width * SIZE / height / MULTIPLE) * MULTIPLE
    rows, columns = np.mgrid[: SIZE // 4, : w // 4]
    start, frames = perf_counter(), 0
    while frames < max_frames:
        more, frame = capture.read()
        if not more:
            break
        image = cv2.cvtColor(cv2.resize(frame, (w, SIZE)), cv2.COLOR_BGR2RGB)
        heads = session.run(None, {"image": image[None]})
        heat, offset, local = 1 / (1 + np.exp(-heads[0][0])), heads[1][0], heads[2][0]
        center = heat[17]
        peaks = np.argwhere(center == cv2.dilate(center, np.ones((5, 5))))
        peaks = peaks[center[tuple(peaks.T)] >= min_center]
        for y, x in peaks[np.argsort(-center[tuple(peaks.T)])][:PEOPLE]:
            for k in range(17):
                kx, ky = x + offset[2 * k, y, x], y + offset[2 * k + 1, y, x]
                distance = (columns - kx) ** 2 + (rows - ky) ** 2
                window = heat[k] * np.exp(-distance / (0.3 * min(center.shape)))
                j, i = np.unravel_index(window.argmax(), window.shape)
                px, py = 4 * (i + local[2 * k, j, i]), 4 * (j + local[2 * k + 1, j, i])
                if window[j, i] > 0.127 and center[y, x] > 0.2:
                    place = (int(px * width / w), int(py * height / SIZE))
                    cv2.circle(frame, place, 4, (0, 255, 0), -1)
        writer.write(frame)
        frames += 1
    writer.release()
    return frames / (perf_counter() - start)


def posetrack_run(video: str, folder: str, max_frames: int, options: list[str]) -> float:
    """Our command's own figure: all but loading the model, H.264 and records included."""
    command = [sys.executable, "-m", "posetrack.apps", "run", video, "--output", folder]
    command += ["--overwrite", "--quiet", "--max-frames", str(max_frames), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    report_file = Path(done.stdout.strip()) / "run.json"
    fps: float = json.loads(report_file.read_text(encoding="utf-8"))["fps"]
    return fps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max-frames", type=int, default=400)
    parser.add_argument("--save-as", metavar="MACHINE")
    arguments = parser.parse_args()
    video, frames = arguments.video, arguments.max_frames
    fps: dict[str, list[float]] = {name: [] for name in ("plain loop", SKIPPING, *BACKENDS)}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            plain = f"{folder}/plain.mp4"
            fps["plain loop"].append(plain_loop(video, plain, frames))
            fps[SKIPPING].append(plain_loop(video, plain, frames, min_center=0.2))
            for name, options in BACKENDS.items():
                fps[name].append(posetrack_run(video, folder, frames, options))
    rows = [
        {
            "case": name,
            "fps": spread(values),
            "ratio_to_plain_loop": round(
                median(v / p for v, p in zip(values, fps["plain loop"], strict=True)), 3
            ),
        }
        for name, values in fps.items()
    ]
    clip = Path(video).name
    report("plain_loop", rows, save_as=arguments.save_as, clip=clip, frames=frames, size=SIZE)


if __name__ == "__main__":
    main()
