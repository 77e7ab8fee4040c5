"""How fast are the CUDA twins, and how near to what the GPU can do?

    python benchmarks/postprocess_gpu.py [--people N] [--half] [--save-as MACHINE]

LOGO-CAP's post-processing on a made-up crowd at 704 x 512 pixels, kernel by kernel and as one CUDA
graph. Each kernel's bytes (what it must read and write once) and operations stand over what this
GPU reached in the same run: copying a large array, and multiplying large matrices in float32.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import torch
from crowd import GLOBAL_SIDE, KEYPOINTS, LOCAL_SIDE, SIZE, STEPS, crowd, gaussian
from posetrack import kernels
from timing import report
from torch import Tensor

_ROUNDS, _CALLS = 30, 20
_COPIED = 1 << 28  # floats
_MATRIX = 4096


class Step(NamedTuple):
    """One kernel of the frame."""

    name: str
    run: Callable[[], Any]
    bytes: int
    operations: int


def milliseconds(run: Callable[[], Any]) -> float:
    """Median time of one call, of rounds of several."""
    times = []
    for _ in range(_ROUNDS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(_CALLS):
            run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / _CALLS)
    return median(times)


def ceilings() -> tuple[float, float]:
    """Bytes and operations per millisecond that the GPU reaches."""
    source = torch.zeros(_COPIED, device="cuda")
    target = torch.empty_like(source)
    copied = 2 * 4 * _COPIED / milliseconds(lambda: target.copy_(source))
    torch.backends.cuda.matmul.allow_tf32 = False
    matrix = torch.rand(_MATRIX, _MATRIX, device="cuda")
    product = torch.empty_like(matrix)
    multiplied = 2 * _MATRIX**3 / milliseconds(lambda: torch.mm(matrix, matrix, out=product))
    return copied, multiplied


def size_of(*tensors: Tensor) -> int:
    """Bytes."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def steps(people: int, half: bool) -> list[Step]:
    """LOGO-CAP's kernels, each with the inputs that the one before gave."""
    seen = crowd(people)
    heads = [torch.from_numpy(a).cuda() for a in (seen.heatmap, seen.offset, seen.embedding)]
    heatmap, offset, embedding = (head.half() if half else head for head in heads)
    attraction = torch.from_numpy(seen.kernels[None]).cuda()
    mesh = torch.from_numpy(STEPS).cuda()
    window = kernels.GlobalWindow(torch.from_numpy(gaussian()).cuda())
    center, maps = heatmap[:, -1:], heatmap[:, :-1]

    def peaks() -> Any:
        return kernels.upsampled_peaks(center, SIZE, people, window=3, rule="half-pixel")

    cells = peaks()[0][:, 0]

    def regress() -> Tensor:
        return kernels.center_offset_decode(cells, offset, sign=-1.0, ratio=4)

    starts = regress() * 4

    def local() -> Tensor:
        return kernels.local_windows(starts, mesh, embedding, 4.0)

    def adapt() -> Any:
        return kernels.global_adaptation(starts, maps, SIZE, attraction, window)

    places, values = adapt()
    scores = values.mean(2)

    def suppress() -> Any:
        return kernels.nms_near_keypoints(
            places, scores, distance=0.05, min_keypoints=8, relative=True
        )

    windows = people * KEYPOINTS * GLOBAL_SIDE**2
    return [
        Step("upsampled_peaks", peaks, size_of(center), SIZE[0] * SIZE[1] * 15),
        Step("center_offset_decode", regress, 2 * size_of(starts), 2 * starts.numel()),
        Step("local_windows", local, size_of(embedding, local()), 11 * local().numel()),
        Step(
            "global_adaptation",
            adapt,
            size_of(maps, attraction, starts, places),
            windows * (40 + 2 * LOCAL_SIDE**2),  # as published: no tile is passed over
        ),
        Step("nms_near_keypoints", suppress, size_of(places), 6 * people**2 * KEYPOINTS),
    ]


def graph_of(frame: list[Step]) -> torch.cuda.CUDAGraph:
    """All kernels of a frame as one CUDA graph."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for step in frame:
            step.run()
    return graph


def main() -> None:
    """Measure every kernel, and all of them as a graph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--half", action="store_true", help="heads in float16")
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("there is no GPU that torch can use: run this where one is")
    frame = steps(options.people, options.half)
    copied, multiplied = ceilings()
    rows = []
    for step in frame:
        time = milliseconds(step.run)
        rows.append(
            {
                "kernel": step.name,
                "people": options.people,
                "ms": round(time, 5),
                "of_bandwidth": round(step.bytes / time / copied, 4),
                "of_arithmetic": round(step.operations / time / multiplied, 4),
            }
        )
    whole = milliseconds(graph_of(frame).replay)
    rows.append({"kernel": "all, one CUDA graph", "people": options.people, "ms": round(whole, 5)})
    gpu = torch.cuda.get_device_name()
    report("postprocess_gpu", rows, save_as=options.save_as, gpu=gpu, half=options.half)


if __name__ == "__main__":
    main()
