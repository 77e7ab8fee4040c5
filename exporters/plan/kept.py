"""Plans that are built when they are first needed, and kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from ...engine.engine_options import EngineOptions
from ...engine.network import ships
from ...engine.tensorrt.buffers import DeviceBuffers, open_buffers
from ...engine.tensorrt.fit import machine_of, misfits
from ...engine.tensorrt.library import TensorRt, tensorrt
from ...structures import ModelFileError
from ...structures.cache import cache_folder
from ...structures.digest import sha256_of
from ...structures.model_spec import COMPANIONS, companion_path
from ...structures.plan_manifest import PLAN_SUFFIX, PlanManifest
from .build import BuildOptions, build_plan
from .network import read_network
from .profiles import sizes_of_videos


def kept_plan(model: Path, options: BuildOptions, tell: Callable[[str], None]) -> Path:
    """The plan of a model file for this machine, built where there is none yet.

    It lies beside the model; of one that ships, or where nobody may write, in the cache folder. Its
    name tells apart whatever it depends on.

    Args:
        model: the `.onnx` file.
        options: how it is built.
        tell: called with a sentence before a build, which takes minutes.

    Raises:
        what `build_plan` raises.
    """
    library, buffers = tensorrt(), open_buffers(options.gpu)
    machine = machine_of(library, buffers)
    plugins = ""
    if options.plugins and read_network(model, plugins=True).plugins:
        from ...engine.tensorrt.plugins import plugins_sha256

        plugins = plugins_sha256(library)
    files = [model, *filter(Path.is_file, (companion_path(model, role) for role in COMPANIONS))]
    fits = [machine.gpu, machine.sm, machine.tensorrt, plugins]
    depends = [sha256_of(*files), *fits, options.batch, options.sizes]
    key = sha256(json.dumps([*depends, options.workspace_mb]).encode()).hexdigest()[:12]
    folder = model.parent
    if ships(model) or not os.access(folder, os.W_OK):
        folder = cache_folder() / "plans"
        folder.mkdir(parents=True, exist_ok=True)
    plan = folder / f"{model.stem}-{key}{PLAN_SUFFIX}"
    if not _fits(plan, library, buffers):
        tell(f"building {plan} for {machine.gpu}, which takes minutes; it is kept for later")
        build_plan(model, plan, replace(options, overwrite=True))
    return plan


def options_for(model: Path, engine: EngineOptions, gpu: int) -> BuildOptions:
    """How a plan is built that an engine with these options can run.

    Raises:
        ModelFileError: the file does not say how it is run.
    """
    network = read_network(model, plugins=True)
    spec, (shape, *_) = network.spec, network.inputs.values()
    if spec is None or spec.sizing.crop is not None:
        return BuildOptions(gpu=gpu)
    shorts = [
        round(size * scale)
        for size in engine.sizes or (spec.sizing.size,)
        for scale in engine.scales
    ]
    images = 2 if engine.flip_test and spec.flip == "around" else 1
    most = images * engine.batch
    return BuildOptions(
        batch=None if shape[0] else (images, max(images, most // 2), most),
        sizes=None if shape[1] else sizes_of_videos(spec.sizing, shorts),
        gpu=gpu,
    )


def fitting_plan(plan: Path, gpu: int, tell: Callable[[str], None]) -> Path:
    """The plan itself if it fits this machine, else one of the same model that does.

    Args:
        plan: the `.engine` file.
        gpu: number of the GPU.
        tell: see `kept_plan`, which builds.

    The model file must lie beside the plan, under the name that its manifest tells.

    Raises:
        ModelFileError: it does not, or is another one.
        what `build_plan` raises.
    """
    manifest = PlanManifest.beside(plan)
    if _fits(plan, tensorrt(), open_buffers(gpu)):
        return plan
    model = plan.with_name(manifest.onnx)
    if not model.is_file():
        raise ModelFileError(
            f"{plan} cannot be built again without {model.name}: put that file beside it"
        )
    if sha256_of(model) != manifest.onnx_sha256:
        raise ModelFileError(
            f"{model} is not the file that {plan.name} was built from: build a plan of it with "
            "`posetrack build`"
        )
    if len(manifest.profiles) != 1:
        raise ModelFileError(f"{plan.name}.json does not say which images the plan takes")
    (images,) = manifest.profiles.values()
    smallest, usual, largest = images
    wanted = BuildOptions(
        batch=(smallest[0], usual[0], largest[0]),
        sizes=(_size(smallest), _size(usual), _size(largest)),
        workspace_mb=manifest.options.get("workspace_mb"),
        plugins=manifest.options.get("plugins", True),
        gpu=gpu,
    )
    return kept_plan(model, wanted, tell)


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[1], shape[2]


def _fits(plan: Path, library: TensorRt, buffers: DeviceBuffers) -> bool:
    """Whether a plan is there, with all that belongs to it, and runs here."""
    try:
        manifest = PlanManifest.beside(plan)
        whole = [plan, *(companion_path(plan, role) for role in manifest.companions)]
        return all(
            one.is_file() and sha256_of(one) == PlanManifest.beside(one).plan_sha256
            for one in whole
        ) and not misfits(manifest, library, buffers)
    except ModelFileError:
        return False
