"""Whether a plan fits the machine that it is to run on."""

from __future__ import annotations

from pathlib import Path

from ...structures import ModelFileError
from ...structures.digest import sha256_of
from ...structures.model_spec import companion_path
from ...structures.plan_manifest import Machine, PlanManifest
from .buffers import DeviceBuffers, cuda_version, driver_version
from .library import TensorRt


def machine_of(library: TensorRt, buffers: DeviceBuffers) -> Machine:
    """What a plan depends on, here."""
    gpu = buffers.gpu
    return Machine(gpu.name, gpu.sm, library.version, cuda_version(), driver_version())


def misfits(manifest: PlanManifest, library: TensorRt, buffers: DeviceBuffers) -> list[str]:
    """Why a plan cannot run here, in words; empty if it can.

    Raises:
        BackendError: it needs plugins, and there are none.
    """
    from .plugins import plugins_sha256

    plugins = plugins_sha256(library) if manifest.plugins else ""
    return manifest.misfits(machine_of(library, buffers), plugins)


def check_fits(
    path: Path, manifest: PlanManifest, library: TensorRt, buffers: DeviceBuffers
) -> None:
    """Refuse a plan for something else, before TensorRT does with less to say.

    Raises:
        ModelFileError: it is, or it is damaged.
        BackendError: it needs plugins, and there are none.
    """
    for role in manifest.companions:
        further = companion_path(path, role)
        if not further.is_file():
            raise ModelFileError(
                f"{path} needs {further.name} beside it: copy that file too, or build both again "
                f"with `posetrack build {manifest.onnx}`"
            )
    reasons = misfits(manifest, library, buffers)
    if reasons:
        raise ModelFileError(
            f"{path} is a plan {', '.join(reasons)}: build it here with `posetrack build "
            f"{manifest.onnx}`, or let --rebuild do it"
        )
    if sha256_of(path) != manifest.plan_sha256:
        raise ModelFileError(
            f"{path} is damaged or not the plan that {path.name}.json speaks of: build it again "
            f"with `posetrack build {manifest.onnx}`"
        )
