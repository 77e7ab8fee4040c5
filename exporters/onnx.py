"""A network and its weights -> one self-describing ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import onnx
from onnx import numpy_helper
from torch import nn

from ..engine.sessions.inlining import inlined
from ..models import MODELS
from ..models.companions import Companion, companions_of
from ..models.export_wrapper import with_flip_test
from ..models.layers.adaptive_convolution import one_node_each
from ..models.weights.load import load_model
from ..structures import COCO_17, ModelSpec
from ..structures.digest import sha256_of
from ..structures.model_spec import COMPANIONS, METADATA_KEY, Rules, companion_path
from ..structures.partial_file import whole_file
from .graph.definitions import add_functions
from .graph.form import FLIPPED, check_graph_form, with_poses
from .graph.sizing import check_any_size, size_inside
from .places import check_files
from .precision.half import to_half
from .shipped import shipped_model, ships
from .trace import of_companion, of_network, traced

Post: TypeAlias = Literal["graph", "none"]
POSTS: tuple[Post, ...] = get_args(Post)
Precision: TypeAlias = Literal["fp32", "fp16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What goes into a model file.

    Attributes:
        post: `graph`: from images to poses, whatever runs the file. `none`, the head form: the
            heads, decoded by the engine.
        flip_test: average with the flipped image inside the graph.
        score_weights: of the network that scores whole poses.
        overwrite: replace the files of an earlier model of this name.
        rules: whose rules hold; None takes the usual ones that the weights fit.
        batch: how many images the file takes at a time; None: any number.
        size: (h, w) of the images, pixels; None: any that the network takes.
        any_size: take images as they are, and give poses in their pixels; `size` is then that of
            the network's input. Only in the graph form.
        random_weights: draw them where no file is named, to try the file out.
        precision: `fp16`: the network computes in float16, by the types in the file; the
            post-processing and further networks that it needs stay float32.
        keep_fp32: names of layers, nodes of the file, that stay float32 all the same.
        inline: write the operators of domain `posetrack` as the standard ones that define them,
            for runtimes that know no functions.
    """

    post: Post = "graph"
    flip_test: bool = False
    score_weights: Path | None = None
    overwrite: bool = False
    rules: Rules | None = None
    batch: int | None = None
    size: tuple[int, int] | None = None
    any_size: bool = False
    random_weights: bool = False
    inline: bool = False
    precision: Precision = "fp32"
    keep_fp32: tuple[str, ...] = ()


def export_onnx(
    name: str | None,
    weights: str | Path | None,
    output: str | Path,
    options: ExportOptions = ExportOptions(),
) -> ModelSpec:
    """Write a model of `MODELS` as an ONNX file with its `ModelSpec` inside.

    Weights are stored as float16 where that loses nothing, with a Cast behind each that the
    runtime folds at load: half the size, float32 arithmetic. In the head form the companions that
    decoding needs are written beside it: `<stem>.refine.onnx`, `<stem>.score.onnx`; in the graph
    form they are inside.

    Args:
        name: a key of `MODELS`; None takes the one that the weights are for.
        weights: the weight file; None takes those of the model that ships, or random ones.
        output: the `.onnx` file; an earlier one stays until the new one is complete.
        options: what goes into it.

    Returns:
        What was written into the file.

    Raises:
        ValueError: an unknown name or form, weights of another network, or a flip test, pose
            scoring, rules, form or size that the model does not have; or the output is no `.onnx`
            name.
        FileNotFoundError: no such weight file, or no folder for the output.
        FileExistsError: a file of the model exists and is not to be replaced.
        PermissionError: the folder cannot be written into.
    """
    output = Path(output)
    check_output(output, overwrite=options.overwrite)
    if options.post not in POSTS:
        raise ValueError(f"post must be one of {', '.join(map(repr, POSTS))}, got {options.post!r}")
    if options.precision not in PRECISIONS:
        allowed = ", ".join(map(repr, PRECISIONS))
        raise ValueError(f"precision must be one of {allowed}, got {options.precision!r}")
    if options.keep_fp32 and options.precision == "fp32":
        raise ValueError("everything is float32: keep_fp32 is for another precision")
    network, spec = _network(name, weights, options)
    _check_input(spec, options)
    spec = replace(spec, precision=options.precision)
    companions = companions_of(network, spec, options.score_weights)
    form = graph_form if options.post == "graph" else head_form
    models, spec = form(network, spec, companions, options)
    write_all({_path(output, role): model for role, model in models.items()}, options)
    for role in COMPANIONS:
        if role not in models:  # of the model that was replaced
            companion_path(output, role).unlink(missing_ok=True)
    return spec


def files_of(output: Path) -> list[Path]:
    """Every file that a model of this name can have."""
    return [_path(output, role) for role in ("", *COMPANIONS)]


def _path(output: Path, role: str) -> Path:
    """The file of a companion, or by the role "" that of the model."""
    return companion_path(output, role) if role else output


def check_output(output: Path, *, overwrite: bool) -> None:
    """Refuse at once what could not be written at the end, or must not be replaced.

    Raises:
        ValueError, FileNotFoundError, PermissionError, FileExistsError: as `export_onnx`.
    """
    check_files(output, ".onnx", files_of(output), overwrite=overwrite)


def _network(
    name: str | None, weights: str | Path | None, options: ExportOptions
) -> tuple[nn.Module, ModelSpec]:
    """The network with its weights."""
    if weights is not None:
        network, spec = load_model(name, weights, rules=options.rules)
        return network, replace(spec, weights_sha256=sha256_of(Path(weights)))
    if name is None or name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(sorted(MODELS))}, got {name!r}")
    if options.random_weights:
        network, spec = MODELS[name].build(COCO_17, options.rules)
        untrained = "not at all: random weights"
        return network.eval(), replace(spec, trained=untrained, weights_licence="")
    if not ships(name):
        raise ValueError(f"{name} does not ship: name its weights, or ask for random ones")
    return shipped_model(name, options.rules)


def _check_input(spec: ModelSpec, options: ExportOptions) -> None:
    """Whether the network takes what the options fix of its input."""
    if options.batch is not None and options.batch < 1:
        raise ValueError(f"batch must be at least 1, got {options.batch}")
    if options.any_size and options.post != "graph":
        raise ValueError("heads are read in pixels of sized images: --any-size needs --post graph")
    if options.size is None:
        return
    crop, multiple = spec.sizing.crop, spec.sizing.multiple_of
    height, width = options.size
    if crop is not None and crop != options.size:
        raise ValueError(f"{spec.name} takes crops of {crop[0]}x{crop[1]}: leave --size out")
    if crop is None and (min(options.size) < 1 or height % multiple or width % multiple):
        raise ValueError(
            f"both sides of the input of {spec.name} are multiples of {multiple}, got "
            f"{height}x{width}"
        )


def head_form(
    network: nn.Module, spec: ModelSpec, companions: Mapping[str, Companion], options: ExportOptions
) -> tuple[dict[str, onnx.ModelProto], ModelSpec]:
    """The network, and beside it what its decoder runs."""
    if options.flip_test and spec.flip == "around":
        raise ValueError(
            f"the flip test of {spec.name} goes around its heads: use `posetrack run --flip-test`, "
            "or put it into the graph form with --post graph"
        )
    if options.flip_test:
        network, spec = with_flip_test(network, spec)
    graphs = {"": of_network(network, spec, batch=options.batch, size=options.size)}
    graphs |= {role: of_companion(companion) for role, companion in companions.items()}
    models = {role: traced(graph) for role, graph in graphs.items()}
    models[""] = _in_precision(models[""], options)
    _describe(models[""], spec)
    return models, spec


def graph_form(
    network: nn.Module, spec: ModelSpec, companions: Mapping[str, Companion], options: ExportOptions
) -> tuple[dict[str, onnx.ModelProto], ModelSpec]:
    """One file from images to poses."""
    check_graph_form(spec)
    if options.any_size:
        check_any_size(spec)
    around = options.flip_test and spec.flip == "around"
    if options.flip_test and not around:
        network, spec = with_flip_test(network, spec)
    flipped = FLIPPED if around else None
    graph = of_network(network, spec, batch=options.batch, size=options.size, flipped=flipped)
    inside = {role: traced(of_companion(companion)) for role, companion in companions.items()}
    with one_node_each():
        heads = _in_precision(traced(graph), options)
    model, spec = with_poses(heads, spec, inside, flip_around=around)
    if options.any_size:
        size_inside(model, spec, options.size)
        add_functions(model)
        spec = replace(spec, sizing=replace(spec.sizing, rule="inside", multiple_of=1))
    _describe(model, spec)
    return {"": model}, spec


def _in_precision(model: onnx.ModelProto, options: ExportOptions) -> onnx.ModelProto:
    """The network in the precision that is asked for."""
    return to_half(model, options.keep_fp32) if options.precision == "fp16" else model


def _describe(model: onnx.ModelProto, spec: ModelSpec) -> None:
    model.metadata_props.add(key=METADATA_KEY, value=spec.to_json())


def write_all(models: Mapping[Path, onnx.ModelProto], options: ExportOptions) -> None:
    """All files, or none: each is complete before the first gets its name."""
    with ExitStack() as files:
        for path, model in models.items():
            file = files.enter_context(whole_file(path))
            written = inlined(model) if options.inline else model
            _store_as_float16(written.graph)
            written.producer_name, written.producer_version = "posetrack", version("posetrack")
            onnx.checker.check_model(written, full_check=True)
            onnx.save(written, file)


def _store_as_float16(graph: onnx.GraphProto) -> None:
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim == 0:
            continue
        with np.errstate(over="ignore"):  # what is too large becomes inf and stays float32
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        stored = tensor.name + ".float16"
        cast = onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, stored))
        graph.node.insert(0, cast)
