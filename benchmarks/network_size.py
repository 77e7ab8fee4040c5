"""How large is each network, and how much does one forward pass compute?

    python benchmarks/network_size.py [--only NAME ...] [--save-as MACHINE]

Operations are multiply-adds of convolutions and matrix products (what papers call FLOPs), at the
input size of `size`; parameters that a network shares count once. A network that has other layers
by the rules of its paper has a row for them too.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch
from posetrack.models import MODELS
from posetrack.structures import COCO_17, ModelSpec
from posetrack.structures.model_spec import Rules
from timing import report
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def input_size(spec: ModelSpec) -> tuple[int, int]:
    """(h, w): a crop, or a square of the short side."""
    return spec.sizing.crop or (spec.sizing.size, spec.sizing.size)


def giga_operations(network: nn.Module, image: torch.Tensor) -> float:
    """Multiply-adds of one forward pass, in 1e9."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(image)
    return counter.get_total_flops() / 2e9


def parameters(name: str, rules: Rules) -> int:
    """Of a network by these rules."""
    with torch.device("meta"):
        network, _ = MODELS[name].build(COCO_17, rules)
    return sum(p.numel() for p in network.parameters())


def distinct_rules(name: str) -> list[Rules]:
    """The rules by which a name is built, the usual ones and those that give another network."""
    usual, *others = MODELS[name].rules
    count = parameters(name, usual)
    return [usual, *(rules for rules in others if parameters(name, rules) != count)]


def measure(name: str, rules: Rules) -> dict[str, Any]:
    """One row: built whole and run, without numbers where shapes do not depend on them."""
    with torch.device("cpu" if MODELS[name].family == "ogn-mask-rcnn" else "meta"):
        network, spec = MODELS[name].build(COCO_17, rules)
        height, width = input_size(spec)
        image = torch.zeros((1, 3, height, width))
    operations = giga_operations(network, image)
    return {
        "model": name,
        "rules": rules,
        "family": spec.family,
        "size": f"{width}x{height}",
        "parameters_m": round(sum(p.numel() for p in network.parameters()) / 1e6, 2),
        "gmacs": round(operations, 1),
    }


def main() -> None:
    """Measure every network of `MODELS`, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--save-as", help="name of the machine for the committed result")
    options = parser.parse_args()
    rows = []
    for name in options.only:
        print(name, file=sys.stderr)
        rows += [measure(name, rules) for rules in distinct_rules(name)]
    report("network_size", rows, save_as=options.save_as, torch=torch.__version__)


if __name__ == "__main__":
    main()
