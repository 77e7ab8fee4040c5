"""Plans by a made-up TensorRT: what its builder is told, and what is refused.

What TensorRT makes of it cannot be known here.
"""

import json

import onnx
import pytest
from made_up_tensorrt import VERSIONS
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.kernels.graph_ops import DOMAIN
from posetrack.structures import BackendError, ModelFileError
from posetrack.structures.plan_manifest import PlanManifest


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model that ships, in graph form."""
    path = tmp_path_factory.mktemp("model") / "movenet.onnx"
    export_onnx("movenet-multipose", None, path)
    return path


def build(model, output, **options):
    from posetrack.exporters.plan import BuildOptions, build_plan

    return build_plan(model, output, BuildOptions(**options))


def told(calls, what):
    return [argument for name, argument in calls if name == what]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_is_told_what_it_knows(tensorrt_machine, model, tmp_path, version):
    trt = tensorrt_machine(version)
    (manifest,) = build(model, tmp_path / "a.engine", workspace_mb=64).values()
    calls, old, new = trt.calls, version.startswith("8"), version.startswith("11")
    assert told(calls, "create_network") == [0 if new else 1]
    assert told(calls, "set_preview_feature") == ["PROFILE_SHARING_0806"] * old
    assert told(calls, "clear_flag") == ["TF32"]
    assert told(calls, "set_flag") == []
    assert told(calls, "set_memory_pool_limit") == [64 << 20]
    assert told(calls, "load_library") == [str(tmp_path / "libposetrack_trt.so")]
    assert manifest.machine.tensorrt == version
    assert manifest == PlanManifest.beside(tmp_path / "a.engine")
    facts = json.loads((tmp_path / "a.engine.json").read_text())
    assert facts["options"] == {"workspace_mb": 64, "plugins": True}
    assert facts["spec"]["name"] == "movenet-multipose"
    assert (facts["onnx"], facts["precision"]) == ("movenet.onnx", "fp32")


def test_the_usual_profile_holds_videos_lying_and_upright(tensorrt_machine, model, tmp_path):
    tensorrt_machine()
    (manifest,) = build(model, tmp_path / "a.engine").values()
    assert manifest.profiles["image"] == (
        (1, 256, 256, 3),
        (1, 256, 448, 3),
        (1, 480, 480, 3),
    )


def test_shapes_are_as_asked(tensorrt_machine, model, tmp_path):
    tensorrt_machine()
    sizes = ((128, 128), (128, 256), (256, 256))
    (manifest,) = build(model, tmp_path / "a.engine", batch=(1, 4, 8), sizes=sizes).values()
    profile = manifest.profiles["image"]
    assert profile == ((1, 128, 128, 3), (4, 128, 256, 3), (8, 256, 256, 3))
    assert profile.takes((8, 256, 128, 3))
    assert not profile.takes((9, 256, 128, 3))


def test_without_plugins_standard_operators_are_parsed(tensorrt_machine, model, tmp_path):
    trt = tensorrt_machine(plugins=False)
    (manifest,) = build(model, tmp_path / "a.engine", plugins=False).values()
    assert manifest.plugins == ""
    assert told(trt.calls, "load_library") == []
    content = (tmp_path / "a.engine").read_bytes()
    assert b"Posetrack" not in content[: content.find(b"weights_licence")]


def test_companions_get_plans_of_their_own(tensorrt_machine, tmp_path):
    tensorrt_machine()
    options = ExportOptions(post="none", random_weights=True)
    export_onnx("logocap-lite", None, tmp_path / "lite.onnx", options)
    plans = build(tmp_path / "lite.onnx", tmp_path / "lite.engine", batch=(1, 1, 2))
    assert sorted(path.name for path in plans) == ["lite.engine", "lite.refine.engine"]
    assert plans[tmp_path / "lite.engine"].companions == ("refine",)
    refine = plans[tmp_path / "lite.refine.engine"]
    assert refine.onnx == "lite.onnx"
    assert refine.spec is None
    assert refine.profiles["features"].max[0] == 60
    assert refine.profiles["features"].min[0] == 1


def test_what_was_measured_is_kept(tensorrt_machine, model, tmp_path):
    tensorrt_machine()
    cache = tmp_path / "mine.timing"
    for times in (1, 2):
        build(model, tmp_path / "a.engine", timing_cache=cache, overwrite=True)
        assert cache.read_text() == str(times)
    cache.write_text("other")  # of another GPU
    build(model, tmp_path / "a.engine", timing_cache=cache, overwrite=True)
    assert cache.read_text() == "1"
    build(model, tmp_path / "a.engine", overwrite=True)
    (kept,) = (tmp_path / "cache" / "tensorrt").iterdir()
    assert kept.name == "10.16.0-sm90.timing"


def half(model, folder):
    """A file whose types ask for float16."""
    file = onnx.load(model)
    cast = onnx.helper.make_node("Cast", ["scores"], ["half"], to=onnx.TensorProto.FLOAT16)
    file.graph.node.append(cast)
    onnx.save(file, folder / "half.onnx")
    return folder / "half.onnx"


@pytest.mark.parametrize("version", VERSIONS)
def test_types_of_the_file_are_kept(tensorrt_machine, model, tmp_path, version):
    trt = tensorrt_machine(version)
    (manifest,) = build(half(model, tmp_path), tmp_path / "a.engine").values()
    assert manifest.precision == manifest.spec.precision == "fp16"
    strong = version.startswith("11")
    flags = [] if strong else ["FP16", "OBEY_PRECISION_CONSTRAINTS"]
    assert told(trt.calls, "set_flag") == flags


def spoiled(model, folder, change):
    file = onnx.load(model)
    change(file)
    onnx.save(file, folder / "spoiled.onnx")
    return folder / "spoiled.onnx"


def without_spec(file):
    del file.metadata_props[:]


def asking_for_int8(file):
    spec = json.loads(file.metadata_props[0].value)
    file.metadata_props[0].value = json.dumps(spec | {"precision": "int8"})


def of_another_version(file):
    for node in file.graph.node:
        for attribute in node.attribute:
            if node.domain == DOMAIN and attribute.name == "plugin_version":
                attribute.s = b"2"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (without_spec, ModelFileError, "does not say how to run it: export it with"),
        (asking_for_int8, ModelFileError, "in int8 and has no QuantizeLinear nodes that say how"),
        (of_another_version, ModelFileError, "cannot read .*: Plugin not found: Posetrack"),
    ],
)
def test_files_that_make_no_plan_are_refused(
    tensorrt_machine, model, tmp_path, change, error, message
):
    tensorrt_machine()
    file = spoiled(model, tmp_path, change)
    with pytest.raises(error, match=message):
        build(file, tmp_path / "a.engine")
    assert list(tmp_path.glob("a.*")) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": ((100, 128),) * 3}, "are multiples of 32, got 100"),
        ({"batch": (2, 1, 4)}, "--batch must rise from 1 on, smallest, usual, largest"),
        ({"batch": (0, 1, 4)}, "--batch must rise from 1 on"),
    ],
)
def test_shapes_that_cannot_be_are_refused(tensorrt_machine, model, tmp_path, options, message):
    tensorrt_machine()
    with pytest.raises(ValueError, match=message):
        build(model, tmp_path / "a.engine", **options)


def test_a_fixed_size_is_kept(tensorrt_machine, tmp_path):
    tensorrt_machine()
    fixed = tmp_path / "fixed.onnx"
    export_onnx("movenet-multipose", None, fixed, ExportOptions(batch=2, size=(128, 192)))
    (manifest,) = build(fixed, tmp_path / "a.engine").values()
    assert set(manifest.profiles["image"]) == {(2, 128, 192, 3)}
    with pytest.raises(ValueError, match="of a fixed batch, 2: leave --batch out"):
        build(fixed, tmp_path / "b.engine", batch=(1, 1, 1))


def test_crops_come_in_batches(tensorrt_machine, tmp_path):
    tensorrt_machine()
    crops = tmp_path / "crops.onnx"
    options = ExportOptions(random_weights=True)
    export_onnx("integral-resnet-18", None, crops, options)
    (manifest,) = build(crops, tmp_path / "a.engine").values()
    assert [shape[0] for shape in manifest.profiles["image"]] == [1, 8, 16]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"version": "9.3.0"}, "9.3.0 is none that posetrack knows: install one of 8.6, 10.0 to"),
        ({"version": "12.0.0"}, "12.0.0 is none that posetrack knows"),
        ({"gpus": 0}, "GPU 0 cannot be used .*CUDA driver version is insufficient"),
    ],
)
def test_machines_without_what_it_needs_are_refused(
    tensorrt_machine, model, tmp_path, facts, message
):
    tensorrt_machine(**facts)
    with pytest.raises(BackendError, match=message):
        build(model, tmp_path / "a.engine")


def test_plugins_that_are_not_there_are_missed(tensorrt_machine, model, tmp_path):
    for version, end in (("8.6.1", "takes no plugins in Python"), ("10.4.0", "without it for")):
        tensorrt_machine(version, plugins=False)
        with pytest.raises(BackendError, match=f"not built for TensorRT {version}.*{end}"):
            build(model, tmp_path / "a.engine")
    build(model, tmp_path / "a.engine", plugins=False)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timing_cache": "no/a.timing"}, FileNotFoundError),
        ({"timing_cache": "."}, IsADirectoryError),
    ],
)
def test_places_are_looked_at_before_the_build(tensorrt_machine, model, tmp_path, options, error):
    trt = tensorrt_machine()
    options = {name: tmp_path / value for name, value in options.items()}
    with pytest.raises(error):
        build(model, tmp_path / "a.engine", **options)
    assert told(trt.calls, "build") == []


def test_files_that_work_on_bytes_are_refused(tensorrt_machine, tmp_path):
    tensorrt_machine()
    file = tmp_path / "any.onnx"
    export_onnx("movenet-multipose", None, file, ExportOptions(any_size=True))
    for plugins in (True, False):
        with pytest.raises(ModelFileError, match="TensorRT does not: export it without --any-size"):
            build(file, tmp_path / "a.engine", plugins=plugins)


def test_a_plan_is_no_model(tensorrt_machine, model, tmp_path):
    tensorrt_machine()
    build(model, tmp_path / "a.engine")
    with pytest.raises(ValueError, match="is a plan already"):
        build(tmp_path / "a.engine", tmp_path / "b.engine")


def test_an_earlier_plan_stays_unless_it_is_to_be_replaced(tensorrt_machine, model, tmp_path):
    tensorrt_machine()
    plan = tmp_path / "a.engine"
    build(model, plan)
    earlier = plan.read_bytes()
    with pytest.raises(FileExistsError, match=r"a.engine exists: use --overwrite"):
        build(model, plan)
    with pytest.raises(ValueError, match=r"must be an .engine file"):
        build(model, tmp_path / "a.plan")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        build(model, tmp_path / "no" / "a.engine")
    assert plan.read_bytes() == earlier
