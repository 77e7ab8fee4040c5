"""How fast are the CUDA twins, and how near to what the GPU can do?

    python benchmarks/postprocess_gpu.py [--people N] [--half] [--save-as MACHINE]

The kernels of a frame with a made-up crowd at 704 x 512 pixels (gpu_frames.py), each with the
inputs that the one before gave:

- gpu_us: time on the GPU, of calls captured in one CUDA graph, so that no launch is waited for.
- host_us: time in Python to enqueue one call, of which a graph needs none.
- bytes_us: a floor, the time to read and write each array once at the bandwidth that copying a
  large array reaches on this GPU in the same run; share is bytes_us over gpu_us.

The last row is all of LOGO-CAP's post-processing in one graph.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from gpu_frames import Step, steps
from posetrack import kernels
from posetrack.kernels.library import library
from timing import report

_ROUNDS, _CALLS = 30, 20
_HOST_CALLS = 200
_COPIED = 1 << 28  # floats
_MAP_SIDES = 4  # of a head: (B, C, h, w)


def graph_us(run: Callable[[], Any], calls: int = _CALLS) -> float:
    """Median microseconds of one call, of so many captured in a graph."""
    run()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(calls):
            run()
    times = []
    for _ in range(_ROUNDS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(1e3 * start.elapsed_time(end) / calls)
    return median(times)


def host_us(run: Callable[[], Any]) -> float:
    """Microseconds of Python for one call."""
    torch.cuda.synchronize()
    begin = perf_counter()
    for _ in range(_HOST_CALLS):
        run()
    taken = perf_counter() - begin
    torch.cuda.synchronize()
    return 1e6 * taken / _HOST_CALLS


def bytes_per_us() -> float:
    """The bandwidth that a copy reaches."""
    source = torch.zeros(_COPIED, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / graph_us(lambda: target.copy_(source), calls=1)


def on_gpu(value: Any, *, half: bool) -> Any:
    """An argument of a kernel, arrays as tensors on the GPU; heads in float16 if asked."""
    if isinstance(value, kernels.GlobalWindow):
        return replace(value, weights=on_gpu(value.weights, half=False))
    if not isinstance(value, np.ndarray):
        return value
    tensor = torch.from_numpy(np.ascontiguousarray(value)).cuda()
    is_head = value.ndim == _MAP_SIDES and value.shape[-1] > 2  # keypoints end in x, y
    return tensor.half() if half and is_head else tensor


def moved(step: Step, *, half: bool) -> Step:
    """The step with its arrays on the GPU."""
    return replace(step, arrays=tuple(on_gpu(array, half=half) for array in step.arrays))


def main() -> None:
    """Measure every kernel, and LOGO-CAP's as one graph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--half", action="store_true", help="heads in float16")
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("there is no GPU that torch can use: run this where one is")
    library("cuda").warm_up()
    bandwidth = bytes_per_us()
    frame = [moved(step, half=options.half) for step in steps(options.people)]
    rows = []
    for step in frame:
        gpu, floor = graph_us(step.run), step.bytes() / bandwidth
        rows.append(
            {
                "of": step.of,
                "kernel": step.kernel,
                "people": options.people,
                "gpu_us": round(gpu, 2),
                "host_us": round(host_us(step.run), 2),
                "bytes_us": round(floor, 2),
                "share": round(floor / gpu, 3),
            }
        )
    whole = [step for step in frame if step.of == "logocap"]
    together = graph_us(lambda: [step.run() for step in whole], calls=1)
    rows.append({"kernel": "logocap, one graph", "people": options.people, "gpu_us": together})
    gpu_name = torch.cuda.get_device_name()
    report("postprocess_gpu", rows, save_as=options.save_as, gpu=gpu_name, half=options.half)


if __name__ == "__main__":
    main()
