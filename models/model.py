"""What `MODELS` holds for each name: how to build a network, and whose weights fit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from torch import Tensor, nn

from ..structures import ModelSpec, Skeleton
from ..structures.model_spec import Rules

Weights: TypeAlias = dict[str, Tensor]
Builder: TypeAlias = Callable[[Skeleton], tuple[nn.Module, ModelSpec]]
# name of a tensor -> its shape
Shapes: TypeAlias = dict[str, tuple[int, ...]]


def _unchanged(weights: Weights) -> Weights:
    return weights


@dataclass(frozen=True, slots=True)
class Model:
    """How to build a network, and how files of its weights are told from others.

    Attributes:
        family: logocap, heatmap-guided, ...
        builders: by whose rules it can be built, the usual ones first -> the network for a
            skeleton, with fresh weights, and how to run it.
        keypoints: the number of keypoints that weights of these shapes are for; None where they
            are of another family.
        convert: published weights -> those that the network takes; most are taken unchanged.
    """

    family: str
    builders: Mapping[Rules, Builder]
    keypoints: Callable[[Shapes], int | None]
    convert: Callable[[Weights], Weights] = _unchanged

    @property
    def rules(self) -> tuple[Rules, ...]:
        """By whose rules it can be built, the usual ones first."""
        return tuple(self.builders)

    def build(self, skeleton: Skeleton, rules: Rules | None = None) -> tuple[nn.Module, ModelSpec]:
        """The network for a skeleton, with fresh weights, and how to run it.

        Args:
            skeleton: of the poses.
            rules: whose rules hold where a paper and its released code differ; None takes the
                usual ones.

        Raises:
            ValueError: the family has no such rules, or not this skeleton.
        """
        if rules is not None and rules not in self.rules:
            missing = "paper" if rules == "paper" else "released code"
            raise ValueError(
                f"this {self.family} network has no {missing}: use the rules {self.rules[0]}"
            )
        return self.builders[rules or self.rules[0]](skeleton)


def same_by_both_rules(build: Builder) -> dict[Rules, Builder]:
    """The builders of a family whose paper and released code do not differ."""

    def by_paper(skeleton: Skeleton) -> tuple[nn.Module, ModelSpec]:
        network, spec = build(skeleton)
        return network, replace(spec, rules="paper")

    return {"released": build, "paper": by_paper}
