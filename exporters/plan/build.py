"""Builds plans: TensorRT's builder, in its ways from 8.6 to 11."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ...engine.tensorrt.buffers import open_buffers
from ...engine.tensorrt.fit import machine_of
from ...engine.tensorrt.library import TensorRt, tensorrt
from ...structures import BackendError, ModelFileError
from ...structures.cache import cache_folder
from ...structures.digest import sha256_of
from ...structures.model_spec import COMPANIONS, companion_path
from ...structures.partial_file import whole_file
from ...structures.plan_manifest import PLAN_SUFFIX, Machine, PlanManifest, Profile, manifest_path
from ..places import check_files, check_place
from .network import Network, read_network
from .profiles import Range, Sizes, profile_of_images, profile_of_rows


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a plan is built.

    Attributes:
        batch: images at a time, smallest, usual, largest; None: one, or crops up to 16.
        sizes: (h, w) of images likewise; None: those of videos at the model's size.
        workspace_mb: working memory that a layer may take; None: all that the GPU has.
        timing_cache: what TensorRT measured before, read and added to; None: the one of this
            machine in the cache folder.
        plugins: operators of ours become plugins; else standard operators define them.
        gpu: its number.
        overwrite: replace an earlier plan of this name.
    """

    batch: Range | None = None
    sizes: Sizes | None = None
    workspace_mb: int | None = None
    timing_cache: Path | None = None
    plugins: bool = True
    gpu: int = 0
    overwrite: bool = False


class _Built(NamedTuple):
    plan: bytes
    manifest: PlanManifest


def build_plan(
    model: Path, output: Path, options: BuildOptions = BuildOptions()
) -> dict[Path, PlanManifest]:
    """Build the plan of a model file and of the companions beside it, for a GPU of this machine.

    Types in the file say what is computed in what, in every version of TensorRT; TF32 is off.

    Args:
        model: the `.onnx` file.
        output: the `.engine` file; an earlier one stays until the new one is complete.
        options: how it is built.

    Returns:
        The plans that were written, and what stands in their manifests.

    Raises:
        FileNotFoundError: no such file, or no folder for the output.
        FileExistsError: a plan of this name exists and is not to be replaced.
        ValueError: shapes that the file does not take, or the output is no `.engine` name.
        ModelFileError: TensorRT cannot read the file, or makes no plugins of our operators.
        BackendError: TensorRT, its plugins or the GPU cannot be had, or the build failed.
    """
    if model.suffix == PLAN_SUFFIX:
        raise ValueError(f"{model} is a plan already: name the .onnx file that it is built from")
    files = [path for plan in plan_files(output) for path in (plan, manifest_path(plan))]
    check_files(output, PLAN_SUFFIX, files, overwrite=options.overwrite)
    if options.timing_cache is not None:
        check_place(options.timing_cache)
    sources = {"": model} | {role: companion_path(model, role) for role in COMPANIONS}
    networks = {
        role: read_network(file, plugins=options.plugins)
        for role, file in sources.items()
        if not role or file.is_file()
    }
    main = networks[""]
    if main.spec is None:
        raise ModelFileError(
            f"{model} does not say how to run it: export it with `posetrack export`"
        )
    profiles = {role: _profiles(one, main, options) for role, one in networks.items()}
    library = tensorrt()
    buffers = open_buffers(options.gpu)
    with buffers.current():
        builder = _Builder(library, machine_of(library, buffers), options)
        built = {
            _path(output, role): builder.build(one, sources[role], profiles[role])
            for role, one in networks.items()
        }
    built = {
        path: one._replace(manifest=replace(one.manifest, onnx=model.name))
        for path, one in built.items()
    }
    roles = tuple(role for role in networks if role)
    built[output] = built[output]._replace(
        manifest=replace(built[output].manifest, companions=roles)
    )
    _write_all(built)
    for path in set(plan_files(output)) - set(built):  # of the plan that was replaced
        path.unlink(missing_ok=True)
        manifest_path(path).unlink(missing_ok=True)
    return {path: one.manifest for path, one in built.items()}


def plan_files(output: Path) -> list[Path]:
    """Every plan that a model of this name can have."""
    return [_path(output, role) for role in ("", *COMPANIONS)]


def _path(output: Path, role: str) -> Path:
    return companion_path(output, role) if role else output


def _profiles(network: Network, main: Network, options: BuildOptions) -> dict[str, Profile]:
    assert main.spec is not None
    (images,) = (
        profile_of_images(shape, main.spec, options.batch, options.sizes)
        for shape in main.inputs.values()
    )
    if network is main:
        return dict.fromkeys(main.inputs, images)
    people, batch = main.spec.max_people, images.max[0]
    return {n: profile_of_rows(shape, people, batch) for n, shape in network.inputs.items()}


def _write_all(built: Mapping[Path, _Built]) -> None:
    """All files, or none: each is complete before the first gets its name."""
    with ExitStack() as files:
        for path, one in built.items():
            files.enter_context(whole_file(manifest_path(path))).write_text(
                one.manifest.to_json(), "utf-8"
            )
            files.enter_context(whole_file(path)).write_bytes(one.plan)


class _Builder:
    """TensorRT's builder for one GPU."""

    def __init__(self, library: TensorRt, machine: Machine, options: BuildOptions) -> None:
        from ...engine.tensorrt.log import LOG

        self._library, self._trt, self._log = library, library.module, LOG
        self._machine, self._options = machine, options
        try:
            self._builder = self._trt.Builder(LOG)
        except TypeError as error:  # of its bindings, where there is no GPU
            raise BackendError(f"TensorRT cannot build here{LOG.reason}") from error

    def build(self, network: Network, file: Path, profiles: Mapping[str, Profile]) -> _Built:
        """The plan of a network, and its manifest."""
        plugins = ""
        if network.plugins:
            from ...engine.tensorrt.plugins import plugins_sha256, use_plugins

            plugins = plugins_sha256(self._library)
            use_plugins(self._library)
        definition, parser = self._parsed(network, file)
        config = self._config(network, definition, profiles)
        cache = self._timing_cache(config)
        plan = self._builder.build_serialized_network(definition, config)
        del parser  # holds the weights that the network speaks of
        if plan is None:
            raise BackendError(f"TensorRT cannot build {file.name}{self._log.reason}")
        _keep_timing_cache(config, cache)
        content = bytes(plan)
        options = {k: v for k, v in asdict(self._options).items() if k in _RECORDED}
        spec = network.spec and replace(network.spec, precision=network.precision)
        manifest = PlanManifest(
            onnx=file.name,
            onnx_sha256=sha256_of(file),
            plan_sha256=sha256(content).hexdigest(),
            machine=self._machine,
            plugins=plugins,
            precision=network.precision,
            profiles=dict(profiles),
            options=options,
            spec=spec,
        )
        return _Built(content, manifest)

    def _parsed(self, network: Network, file: Path) -> tuple[Any, Any]:
        if self._library.strongly_typed:
            definition = self._builder.create_network()
        else:
            flag = self._trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH
            definition = self._builder.create_network(1 << int(flag))
        parser = self._trt.OnnxParser(definition, self._log)
        if not parser.parse(network.model.SerializeToString()):
            said = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
            raise ModelFileError(f"TensorRT {self._library.version} cannot read {file}: {said}")
        layers = [definition.get_layer(i) for i in range(definition.num_layers)]
        made = sum(layer.type.name.startswith("PLUGIN") for layer in layers)
        if made < network.plugins:
            raise ModelFileError(
                f"TensorRT {self._library.version} made {made} plugins of the {network.plugins} "
                f"operators of posetrack in {file}: use --no-plugins"
            )
        return definition, parser

    def _config(self, network: Network, definition: Any, profiles: Mapping[str, Profile]) -> Any:
        trt, config = self._trt, self._builder.create_builder_config()
        config.clear_flag(trt.BuilderFlag.TF32)  # keeps 10 bits of 23
        if self._options.workspace_mb is not None:
            pool = trt.MemoryPoolType.WORKSPACE
            config.set_memory_pool_limit(pool, self._options.workspace_mb << 20)
        if not self._library.shares_profiles:
            config.set_preview_feature(trt.PreviewFeature.PROFILE_SHARING_0806, True)
        profile = self._builder.create_optimization_profile()
        for name, shapes in profiles.items():
            profile.set_shape(name, *shapes)
        if config.add_optimization_profile(profile) < 0:
            raise BackendError(f"TensorRT takes no inputs of these shapes{self._log.reason}")
        if network.precision != "fp32" and not self._library.strongly_typed:
            self._pin_types(network, definition, config)
        return config

    def _pin_types(self, network: Network, definition: Any, config: Any) -> None:
        """Let TensorRT compute in the types of the file, where they alone do not bind it."""
        flags = self._trt.BuilderFlag
        for name in network.lower_types:
            if not hasattr(flags, name):
                raise BackendError(f"TensorRT {self._library.version} has no {name}")
            config.set_flag(getattr(flags, name))
        if network.precision == "int8":
            return  # QuantizeLinear and DequantizeLinear bind it
        config.set_flag(flags.OBEY_PRECISION_CONSTRAINTS)
        for index in range(definition.num_layers):
            layer = definition.get_layer(index)
            kinds = [layer.get_output(i).dtype for i in range(layer.num_outputs)]
            if (
                not kinds
                or layer.type.name in _FREE
                or any(kind.name not in _FLOATS for kind in kinds)
            ):
                continue
            layer.precision = kinds[0]
            for i, kind in enumerate(kinds):
                layer.set_output_type(i, kind)

    def _timing_cache(self, config: Any) -> Path:
        """What was measured before; the file that it stands in."""
        path = self._options.timing_cache
        if path is None:
            sm = self._machine.sm.replace(".", "")
            name = f"{self._library.version}-sm{sm}.timing"
            path = cache_folder() / "tensorrt" / name
            path.parent.mkdir(parents=True, exist_ok=True)
        known = path.read_bytes() if path.is_file() else b""
        if not config.set_timing_cache(config.create_timing_cache(known), ignore_mismatch=False):
            # of another GPU
            config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)
        return path


# Of `BuildOptions`, what a manifest notes beside the profiles.
_RECORDED = ("workspace_mb", "plugins")
# Layers whose type is not a matter of choice, and types of those that have one.
_FREE = ("CONSTANT", "SHAPE", "PLUGIN_V2", "PLUGIN_V3", "QUANTIZE", "DEQUANTIZE")
_FLOATS = ("FLOAT", "HALF", "BF16")


def _keep_timing_cache(config: Any, path: Path) -> None:
    with whole_file(path) as file:
        file.write_bytes(bytes(config.get_timing_cache().serialize()))
