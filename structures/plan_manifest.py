"""What is written beside a TensorRT plan: what it is of, how it was built, where it may run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from .errors import ModelFileError
from .model_spec import ModelSpec

PLAN_SUFFIX = ".engine"
_VERSION = 1


class Machine(NamedTuple):
    """What a plan depends on."""

    gpu: str  # its name
    sm: str  # compute capability, such as 9.0
    tensorrt: str  # version
    cuda: str  # the newest version that the driver takes, "" where it does not say
    driver: str  # version, "" where it is not told


class Profile(NamedTuple):
    """The shapes of an input that a plan takes: smallest, the one it is tuned for, largest."""

    min: tuple[int, ...]
    opt: tuple[int, ...]
    max: tuple[int, ...]

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether an input may have the shape; fewer images than the least are filled up."""
        if len(shape) != len(self.min) or shape[0] > self.max[0]:
            return False
        ranges = zip(self.min[1:], shape[1:], self.max[1:], strict=True)
        return all(low <= side <= high for low, side, high in ranges)

    def room_for(self, images: int) -> int:
        """The least of its three numbers of images that is large enough."""
        return min(shape[0] for shape in self if shape[0] >= images)


@dataclass(frozen=True, slots=True)
class PlanManifest:
    """The content of `<name>.engine.json`.

    Attributes:
        onnx: name of the model file; a companion's plan has the name of the main one's, too.
        onnx_sha256, plan_sha256: of the file that the plan was built from, and of the plan.
        machine: where it was built; it runs where that is the same.
        plugins: SHA-256 of the libraries whose plugins it needs; "" for none.
        precision: of the arithmetic.
        profiles: by the names of inputs.
        options: of the build, for the record.
        spec: of the model; None: a further network that decoding needs.
        companions: roles of the further plans that lie beside this one.
    """

    onnx: str
    onnx_sha256: str
    plan_sha256: str
    machine: Machine
    plugins: str
    precision: str
    profiles: dict[str, Profile]
    options: dict[str, Any]
    spec: ModelSpec | None
    companions: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Indented JSON, with the version of this layout."""
        values = asdict(replace(self, spec=None))
        values["machine"] = self.machine._asdict()
        values["profiles"] = {name: one._asdict() for name, one in self.profiles.items()}
        spec = None if self.spec is None else json.loads(self.spec.to_json())
        return json.dumps({"version": _VERSION, **values, "spec": spec}, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> PlanManifest:
        """Read what `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is something else.
        """
        values: dict[str, Any] = json.loads(text)
        version = values.pop("version")
        if version != _VERSION:
            raise ValueError(f"it has version {version}, this posetrack reads {_VERSION}")
        spec = values["spec"]
        read: dict[str, Any] = {
            "machine": Machine(**values["machine"]),
            "profiles": {n: _profile(one) for n, one in values["profiles"].items()},
            "companions": tuple(values["companions"]),
            "spec": None if spec is None else ModelSpec.from_json(json.dumps(spec)),
        }
        return PlanManifest(**(values | read))

    @staticmethod
    def beside(plan: Path) -> PlanManifest:
        """The manifest of a plan.

        Raises:
            ModelFileError: there is none, or it cannot be read.
        """
        path = manifest_path(plan)
        try:
            return PlanManifest.from_json(path.read_text("utf-8"))
        except FileNotFoundError:
            raise ModelFileError(
                f"{plan} has no {path.name} beside it, which says what it needs: build the plan "
                "with `posetrack build`, or copy both files"
            ) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path} cannot be read: {error}") from error

    def misfits(self, machine: Machine, plugins: str) -> list[str]:
        """Why the plan cannot run on a machine with these plugins, in words; empty if it can."""
        built = self.machine
        found = [
            f"for {name} {there}, here is {here}"
            for name, there, here in (
                ("the GPU", built.gpu, machine.gpu),
                ("compute capability", built.sm, machine.sm),
                ("TensorRT", built.tensorrt, machine.tensorrt),
            )
            if there != here
        ]
        if self.plugins and self.plugins != plugins:
            found.append("for other posetrack plugins than those installed here")
        return found


def manifest_path(plan: Path) -> Path:
    """Where a plan's manifest lies."""
    return plan.with_name(plan.name + ".json")


def _profile(values: dict[str, list[int]]) -> Profile:
    return Profile(**{name: tuple(map(int, shape)) for name, shape in values.items()})
