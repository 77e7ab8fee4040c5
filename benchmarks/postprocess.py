"""How fast is post-processing: our CPU kernels against plain PyTorch and plain NumPy?

    python benchmarks/postprocess.py [--only CASE ...] [--people N ...] [--json | --save-as MACHINE]

Every case is timed on the same inputs, the contestants in turn, again and again; the medians count.
A turn is one call after others that warm up the contestant's own caches and threads.
`threads` are PyTorch's, one and its own best number. Ours always runs on one thread, as does
NumPy. `speedup` is PyTorch's time over ours. What a case comprises:

- logocap-adaptation: the global adaptation alone. PyTorch and NumPy are handed the enlarged
  heatmap for nothing; ours reads the network's.
- logocap-windows: the local windows that the message passing network reads.
- logocap: all but the networks, from heads to suppressed poses.
- heatmap-guided-refinement: peaks, absorption and scores.
- heatmap-guided: all but the networks, Gaussian fits included.
- ogn: smoothing, argmax, offsets, for crops of 384 x 512 pixels.
- integral: the expectation over volumes of 64 x 64 x 64.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from postprocess_cases import CASES, Contestants
from timing import report, spread

PEOPLE = (1, 5, 30)
_MIN_ROUNDS, _MAX_ROUNDS = 5, 40
_WARM_UP = 0.02  # seconds: threads of the contestant before are asleep by then
_SECONDS = 10.0  # of one case with one number of people, unless the rounds take longer


class Times(NamedTuple):
    """Milliseconds of every round."""

    ours: list[float]
    torch: dict[int, list[float]]  # by the number of threads
    numpy: list[float]


def milliseconds(run: Callable[[], object]) -> float:
    """How long one call takes, after others like it."""
    begin = perf_counter()
    while perf_counter() - begin < _WARM_UP:
        run()
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1e3


def with_threads(count: int, run: Callable[[], object]) -> float:
    """How long one call takes when PyTorch may use so many threads."""
    torch.set_num_threads(count)
    return milliseconds(run)


def measure(contestants: Contestants, threads: list[int]) -> Times:
    """Rounds in which everyone has a turn, after one that does not count."""
    times = Times([], {count: [] for count in threads}, [])
    start = perf_counter()
    for round_ in range(_MAX_ROUNDS + 1):
        ours = milliseconds(contestants.ours)
        plain = {count: with_threads(count, contestants.torch) for count in threads}
        numpy = milliseconds(contestants.numpy)
        if round_ == 0:
            continue
        times.ours.append(ours)
        times.numpy.append(numpy)
        for count, value in plain.items():
            times.torch[count].append(value)
        if round_ >= _MIN_ROUNDS and perf_counter() - start > _SECONDS:
            break
    return times


def rows(case: str, people: int, times: Times) -> list[dict[str, Any]]:
    """One row for PyTorch on one thread, and one for its best number if that is another."""
    best = min(times.torch, key=lambda count: median(times.torch[count]))
    return [
        {
            "case": case,
            "people": people,
            "threads": count,
            "ours_ms": round(median(times.ours), 4),
            "torch_ms": round(median(times.torch[count]), 4),
            "numpy_ms": round(median(times.numpy), 4),
            "speedup": round(median(times.torch[count]) / median(times.ours), 2),
            "ours_iqr_ms": spread(times.ours)["iqr"],
            "torch_iqr_ms": spread(times.torch[count])["iqr"],
        }
        for count in dict.fromkeys((1, best))
    ]


def main() -> None:
    """Measure all cases, or some."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--people", nargs="+", type=int, default=list(PEOPLE))
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the rows alone, as JSON")
    output.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    threads = sorted({1, *(2**i for i in range(8) if 2**i <= torch.get_num_threads())})
    measured = []
    for case in options.only:
        for people in options.people:
            contestants = CASES[case](people)
            contestants.check()
            with torch.inference_mode(), np.errstate(all="ignore"):
                measured += rows(case, people, measure(contestants, threads))
            for row in measured[-1:]:
                print(f"{case}, {people} people: {row['speedup']:.1f}x", file=sys.stderr)
    if options.json:
        bare = ({k: v for k, v in row.items() if "iqr" not in k} for row in measured)
        print("[" + ",\n ".join(map(json.dumps, bare)) + "]")
    else:
        report("postprocess", measured, save_as=options.save_as, torch=torch.__version__)


if __name__ == "__main__":
    main()
