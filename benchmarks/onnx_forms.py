"""What does it cost to find the poses inside the file?

    python benchmarks/onnx_forms.py [--rounds N] [--only CASE ...] [--save-as MACHINE]

One image after the other through `PoseEngine`, from pixels to poses, on all threads; the
contestants take turns. The head form with our kernels is the measure. The graph form runs on the
definitions of our operators, or on our kernels as ONNX Runtime's custom operators (`ORT_ROOT` must
have been named when posetrack was built).

LOGO-CAP has random weights whose maps hold 30 people above every threshold, so that all of the
refinement and of the post-processing is done. Whom suppression leaves says nothing here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from posetrack.engine import DEFAULT_MODEL, EngineOptions, PoseEngine, model_path
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.kernels.native import onnxruntime_operators
from posetrack.models import MODELS
from posetrack.structures import COCO_17, SessionOptions
from timing import report, spread

HEADS = "head form, kernels"
_OPERATORS = "posetrack.engine.sessions.onnxruntime.onnxruntime_operators"


class Case(NamedTuple):
    """A model and the image that it sees, which is its input as it is."""

    model: str
    size: tuple[int, int]  # h, w
    flip_test: bool


CASES = {
    "movenet 256x448": Case(DEFAULT_MODEL, (256, 448), False),
    "logocap-w32 256x384 flip, 30 people": Case("logocap-hrnet-w32", (256, 384), True),
    "logocap-w32 512x768, 30 people": Case("logocap-hrnet-w32", (512, 768), False),
}


class Contestant(NamedTuple):
    """A file's form and what runs it."""

    post: str
    backend: str = "onnxruntime"
    precision: str = "fp32"
    operators: bool = False


CONTESTANTS = {
    HEADS: Contestant("none"),
    "graph form, definitions": Contestant("graph"),
    "graph form, custom operators": Contestant("graph", operators=True),
    "openvino, head form, kernels": Contestant("none", "openvino"),
    "openvino, graph form": Contestant("graph", "openvino"),
    "openvino bf16, head form, kernels": Contestant("none", "openvino", "bf16"),
}


def crowded_logocap(folder: Path) -> Path:
    """Weights with which the maps are above all thresholds."""
    torch.manual_seed(7)
    network, _ = MODELS["logocap-hrnet-w32"].build(COCO_17)
    with torch.no_grad():
        network.final_layer_cls.bias.fill_(0.3)
        network.joints_mlp[-1].bias.fill_(0.5)
    path = folder / "logocap.pth"
    torch.save(network.state_dict(), path)
    return path


def exported(case: Case, post: str, folder: Path) -> Path:
    """The model's file in a form."""
    path = folder / f"{case.model}-{post}-{case.flip_test}.onnx"
    if case.model == DEFAULT_MODEL and post == "none":
        return model_path(DEFAULT_MODEL)
    if not path.exists():
        weights = None if case.model == DEFAULT_MODEL else crowded_logocap(folder)
        options = ExportOptions(post=post, flip_test=case.flip_test)
        export_onnx(case.model, weights, path, options)
    return path


@contextmanager
def opened(case: Case, contestant: Contestant, folder: Path):  # noqa: ANN201
    """The engine of a contestant."""
    options = SessionOptions(
        backend=contestant.backend, device="cpu", precision=contestant.precision
    )
    operators = onnxruntime_operators() if contestant.operators else None
    with patch(_OPERATORS, lambda: operators):
        file, sized = (
            exported(case, contestant.post, folder),
            EngineOptions(sizes=(min(case.size),)),
        )
        engine = PoseEngine.load(file, options, sized)
    with engine:
        yield engine


def milliseconds(run: Callable[[], object]) -> float:
    """How long a call takes, right after another one."""
    run()
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1e3


def measure(case: Case, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of every contestant in every round."""
    image = np.random.default_rng(0).integers(0, 256, (*case.size, 3), np.uint8)
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    with ExitStack() as stack:
        engines = {
            name: stack.enter_context(opened(case, one, folder))
            for name, one in CONTESTANTS.items()
        }
        for round_ in range(rounds + 1):
            for name, engine in engines.items():
                value = milliseconds(lambda engine=engine: engine(image))
                if round_:
                    times[name].append(value)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--save-as", metavar="MACHINE")
    arguments = parser.parse_args()
    if onnxruntime_operators() is None:
        parser.error("posetrack was built without ONNX Runtime's operators: name ORT_ROOT")
    rows = []
    with TemporaryDirectory() as folder:
        for name in arguments.only:
            times = measure(CASES[name], arguments.rounds, Path(folder))
            for contestant, values in times.items():
                ratios = [v / h for v, h in zip(values, times[HEADS], strict=True)]
                rows.append(
                    {
                        "case": name,
                        "contestant": contestant,
                        "ms": spread(values),
                        "ratio": round(median(ratios), 3),
                        "ratio_spread": spread(ratios),
                    }
                )
    report("onnx_forms", rows, save_as=arguments.save_as, rounds=arguments.rounds)


if __name__ == "__main__":
    main()
