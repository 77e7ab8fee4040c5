"""How many frames per second does `posetrack run` make for each size, flip test and backend?

End to end without loading the model: reading, network, decoding, tracking, drawing, H.264,
records. All choices take turns, round after round.

    python benchmarks/speed.py VIDEO --save-as NAME
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from plain_loop import BACKENDS, posetrack_run
from timing import report, spread

SIZES = ("256", "384", "192,384", "256,512")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--max-frames", type=int, default=60)
    parser.add_argument("--save-as", metavar="MACHINE")
    arguments = parser.parse_args()
    choices = [(s, f, b) for s in SIZES for f in (False, True) for b in BACKENDS]
    fps: dict[tuple[str, bool, str], list[float]] = {choice: [] for choice in choices}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for size, flip_test, backend in choices:
                options = ["--size", size, *(["--flip-test"] if flip_test else [])]
                fps[size, flip_test, backend].append(
                    posetrack_run(
                        arguments.video,
                        folder,
                        arguments.max_frames,
                        [*options, *BACKENDS[backend]],
                    )
                )
    rows: list[dict[str, Any]] = [
        {"size": size, "flip_test": flip_test, "backend": backend, "fps": spread(values)}
        for (size, flip_test, backend), values in fps.items()
    ]
    clip = Path(arguments.video).name
    report("speed", rows, save_as=arguments.save_as, clip=clip, frames=arguments.max_frames)


if __name__ == "__main__":
    main()
