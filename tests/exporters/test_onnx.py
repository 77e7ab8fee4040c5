"""The ONNX file: it computes what the network does, describes itself, and is written whole."""

import hashlib
import re
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from posetrack.engine import BACKENDS, model_path, open_session
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.models import MODELS
from posetrack.models.export_wrapper import ExportWrapper
from posetrack.models.weights.load import load_model
from posetrack.structures import COCO_17, ModelSpec, SessionOptions
from tolerances import HEADS_ATOL

from ..models.published import house_heads, read_arrays, shipped_weights

MODEL = "movenet-multipose"
# those that run such files here
ONNX_BACKENDS = [
    name for name, one in BACKENDS.items() if ".onnx" in one.suffixes and "cpu" in one.devices
]
HEADS = ExportOptions(post="none")
REPLACE = ExportOptions(post="none", overwrite=True)
MAX_BYTES = 12 * 2**20


@pytest.fixture(scope="module")
def weight_file(tmp_path_factory):
    """The published weights, as float16."""
    path = tmp_path_factory.mktemp("weights") / "movenet.npz"
    np.savez(path, **shipped_weights())
    return path


@pytest.fixture(scope="module")
def exported(weight_file, tmp_path_factory):
    """(path, spec) of an export from those weights, over an earlier file."""
    path = tmp_path_factory.mktemp("exported") / "movenet.onnx"
    path.write_bytes(b"the earlier file")
    return path, export_onnx(MODEL, weight_file, path, REPLACE)


@pytest.fixture(scope="module")
def network_heads(weight_file):
    """Images (B, H, W, 3) -> the heads that PyTorch gives, computed once for each shape."""
    network = ExportWrapper(*load_model(MODEL, weight_file)).eval()
    known = {}

    def run(images):
        if images.shape not in known:
            with torch.inference_mode():
                heads = network(torch.from_numpy(images))
            known[images.shape] = {
                name: head.numpy() for name, head in zip(network.names, heads, strict=True)
            }
        return known[images.shape]

    return run


@pytest.fixture(scope="module", params=ONNX_BACKENDS)
def session(request, exported):
    with open_session(exported[0], SessionOptions(backend=request.param)) as session:
        yield session


def initializers(path):
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def assert_heads_close(heads, expected):
    assert heads.keys() == expected.keys()
    for name, head in expected.items():
        np.testing.assert_allclose(heads[name], head, rtol=0, atol=HEADS_ATOL, err_msg=name)


# ---- what the file computes


@pytest.mark.parametrize(
    "shape", [(1, 64, 96, 3), (2, 96, 64, 3), (3, 32, 32, 3), (1, 256, 448, 3)]
)
def test_file_gives_the_heads_of_the_network_at_any_batch_and_size(session, network_heads, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    heads = session.run({"image": images})
    assert heads["heatmap"].shape == (shape[0], 18, shape[1] // 4, shape[2] // 4)
    assert_heads_close(heads, network_heads(images))


@pytest.mark.data
@pytest.mark.parametrize("prefix", ["multipose_square", "multipose_wide"])
def test_file_gives_the_heads_of_the_published_graph(shared, session, prefix):
    published = read_arrays(shared / "weights" / "movenet_parity.npz")
    heads = session.run({"image": published[f"{prefix}_image"][None]})
    assert_heads_close(heads, house_heads(published, prefix))


# ---- what the file says


def test_file_takes_images_and_gives_heads_by_house_names(exported):
    graph = onnx.load(exported[0]).graph
    (image,) = graph.input
    assert image.name == "image"
    assert image.type.tensor_type.elem_type == TensorProto.UINT8
    sizes = image.type.tensor_type.shape.dim
    assert [size.dim_param or size.dim_value for size in sizes] == ["batch", "height", "width", 3]
    assert [head.name for head in graph.output] == [head.name for head in exported[1].heads]


def test_file_holds_the_spec_with_the_hash_of_the_weights(exported, weight_file):
    path, spec = exported
    (entry,) = onnx.load(path).metadata_props
    assert entry.key == "posetrack"
    assert ModelSpec.from_json(entry.value) == spec
    assert spec.weights_sha256 == hashlib.sha256(weight_file.read_bytes()).hexdigest()
    assert (spec.family, spec.name) == ("movenet", MODEL)


def test_both_backends_find_the_spec(session, exported):
    assert ModelSpec.from_json(session.spec_json) == exported[1]


def test_weights_are_stored_as_the_float16_they_were(exported):
    path, _ = exported
    stored = initializers(path)
    halves = {name: array for name, array in stored.items() if array.dtype == np.float16}
    weights = shipped_weights()
    for name, array in weights.items():
        half = halves[f"network.{name}.float16"]
        assert half.shape == array.shape
        np.testing.assert_array_equal(np.sort(half, axis=0), np.sort(array, axis=0), err_msg=name)
    # beside them only the normalisation and the factors of enlarging
    assert sum(a.size for a in stored.values()) < sum(a.size for a in weights.values()) + 20
    assert path.stat().st_size <= MAX_BYTES


def test_weights_that_float16_cannot_hold_stay_float32(tmp_path):
    weights = {name: array.astype(np.float32) for name, array in shipped_weights().items()}
    weights["backbone.stem.weight"] += np.float32(1e-4)
    weights["head.center.out.bias"][:] = 1e5
    np.savez(tmp_path / "weights.npz", **weights)
    export_onnx(MODEL, tmp_path / "weights.npz", tmp_path / "a.onnx", HEADS)
    stored = initializers(tmp_path / "a.onnx")
    for name in ("backbone.stem.weight", "head.center.out.bias"):
        np.testing.assert_array_equal(stored[f"network.{name}"], weights[name])
        assert stored[f"network.{name}"].dtype == np.float32
    assert stored["network.backbone.stem.bias.float16"].dtype == np.float16


# ---- the model that ships


def assert_same_network(path, other):
    one, two = onnx.load(path), onnx.load(other)
    assert [node.op_type for node in one.graph.node] == [node.op_type for node in two.graph.node]
    stored, expected = initializers(path), initializers(other)
    assert stored.keys() == expected.keys()
    for name, array in expected.items():
        assert stored[name].dtype == array.dtype, name
        np.testing.assert_array_equal(stored[name], array, err_msg=name)


def test_model_that_ships_is_what_todays_network_exports(exported):
    path, spec = exported
    (entry,) = onnx.load(model_path(MODEL)).metadata_props
    shipped = ModelSpec.from_json(entry.value)
    assert replace(shipped, weights_sha256="") == replace(spec, weights_sha256="")
    assert_same_network(model_path(MODEL), path)


@pytest.mark.data
def test_model_that_ships_is_what_the_published_weights_export(shared, tmp_path):
    path = tmp_path / "a.onnx"
    spec = export_onnx(MODEL, shared / "weights" / "movenet_multipose.npz", path, HEADS)
    (entry,) = onnx.load(model_path(MODEL)).metadata_props
    assert ModelSpec.from_json(entry.value) == spec
    assert_same_network(model_path(MODEL), path)


# ---- what is refused, and what an export that fails leaves behind


def test_unknown_model_is_refused_with_the_choice(weight_file, tmp_path):
    message = r"model must be one of .*movenet-multipose.*, got 'movenet'"
    with pytest.raises(ValueError, match=message):
        export_onnx("movenet", weight_file, tmp_path / "a.onnx", HEADS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("post", ["poses", "", None])
def test_unknown_form_is_refused(weight_file, tmp_path, post):
    message = f"post must be one of 'graph', 'none', got {post!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        export_onnx(MODEL, weight_file, tmp_path / "a.onnx", ExportOptions(post=post))
    assert not list(tmp_path.iterdir())


def test_missing_weight_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no weight file"):
        export_onnx(MODEL, tmp_path / "missing.npz", tmp_path / "a.onnx", HEADS)
    assert not list(tmp_path.iterdir())


def break_weights(monkeypatch, folder, weight_file):
    weights = read_arrays(weight_file)
    del weights["backbone.stem.bias"]
    np.savez(folder / "broken.npz", **weights)
    return folder / "broken.npz", pytest.raises(
        ValueError, match=r"missing \['backbone\.stem\.bias'\]"
    )


def break_step(step):
    def setup(monkeypatch, folder, weight_file):
        def fail(*_, **__):
            raise RuntimeError("the step broke")

        monkeypatch.setattr(step, fail)
        return weight_file, pytest.raises(RuntimeError, match="the step broke")

    return setup


def break_tracing(monkeypatch, folder, weight_file):
    def write_half(module, images, path, **_):
        with open(path, "wb") as file:
            file.write(b"half a")
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("posetrack.exporters.trace.torch.onnx.export", write_half)
    return weight_file, pytest.raises(RuntimeError, match="the disk is full")


break_check = break_step("posetrack.exporters.onnx.onnx.checker.check_model")
break_moving = break_step("posetrack.structures.partial_file.Path.replace")


@pytest.mark.parametrize(
    ("setup", "existing"),
    [
        pytest.param(break_weights, None, id="other weights"),
        pytest.param(break_weights, b"the earlier file", id="other weights, over a file"),
        pytest.param(break_tracing, None, id="tracing"),
        pytest.param(break_tracing, b"the earlier file", id="tracing, over a file"),
        pytest.param(break_check, None, id="check"),
        pytest.param(break_moving, b"the earlier file", id="moving into place, over a file"),
    ],
)
def test_failed_export_changes_nothing(setup, existing, monkeypatch, weight_file, tmp_path):
    broken, error = setup(monkeypatch, tmp_path, weight_file)
    output = tmp_path / "folder" / "a.onnx"
    output.parent.mkdir()
    if existing is not None:
        output.write_bytes(existing)
    with error:
        export_onnx(MODEL, broken, output, REPLACE)
    monkeypatch.undo()
    left = {path.name: path.read_bytes() for path in output.parent.iterdir()}
    assert left == ({} if existing is None else {"a.onnx": existing})


# ---- several files


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """Weights of a network with a companion."""
    network, _ = MODELS["logocap-lite"].build(COCO_17)
    path = tmp_path_factory.mktemp("lite") / "lite.pth"
    torch.save(network.state_dict(), path)
    return path


def test_companion_is_written_beside_the_network_which_alone_describes_itself(lite, tmp_path):
    spec = export_onnx("logocap-lite", lite, tmp_path / "a.onnx", HEADS)
    assert {path.name for path in tmp_path.iterdir()} == {"a.onnx", "a.refine.onnx"}
    (entry,) = onnx.load(tmp_path / "a.onnx").metadata_props
    assert ModelSpec.from_json(entry.value) == spec
    companion = onnx.load(tmp_path / "a.refine.onnx")
    assert list(companion.metadata_props) == []
    (features,), (kernels,) = companion.graph.input, companion.graph.output
    assert (features.name, kernels.name) == ("features", "kernels")
    sides = [d.dim_param or d.dim_value for d in features.type.tensor_type.shape.dim]
    assert sides == ["poses", 17 * 16, 11, 11]


@pytest.mark.parametrize("existing", ["a.onnx", "a.refine.onnx", "a.score.onnx"])
def test_no_file_is_replaced_unless_asked(lite, tmp_path, existing):
    (tmp_path / existing).write_bytes(b"precious")
    message = f"{tmp_path / existing} exists: use --overwrite to replace it"
    with pytest.raises(FileExistsError, match=re.escape(message)):
        export_onnx("logocap-lite", lite, tmp_path / "a.onnx", HEADS)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"precious"]


def test_no_companion_of_a_replaced_model_stays(lite, tmp_path):
    (tmp_path / "a.score.onnx").write_bytes(b"of another model")
    (tmp_path / "b.score.onnx").write_bytes(b"of b")
    export_onnx("logocap-lite", str(lite), str(tmp_path / "a.onnx"), REPLACE)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.onnx", "a.refine.onnx", "b.score.onnx"]


@pytest.mark.parametrize(
    ("output", "kind", "message"),
    [
        ("weights.pth", ValueError, "the output must be an .onnx file, got"),
        ("none/a.onnx", FileNotFoundError, "there is no folder"),
        ("folder.onnx", IsADirectoryError, "is a folder: choose another output"),
    ],
)
def test_output_that_is_no_model_file_is_refused(lite, tmp_path, output, kind, message):
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(kind, match=re.escape(message)):
        export_onnx("logocap-lite", lite, tmp_path / output, REPLACE)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.onnx"]


def test_network_without_its_companion_is_not_left_behind(lite, tmp_path, monkeypatch):
    checked = []

    def fail_the_second_time(*_, **__):
        checked.append(len(list(tmp_path.glob("*.partial"))))
        if len(checked) == 2:
            raise RuntimeError("the companion broke")

    monkeypatch.setattr("posetrack.exporters.onnx.onnx.checker.check_model", fail_the_second_time)
    with pytest.raises(RuntimeError, match="the companion broke"):
        export_onnx("logocap-lite", lite, tmp_path / "a.onnx", HEADS)
    assert checked == [0, 1]
    assert list(tmp_path.iterdir()) == []


def test_export_replaces_an_earlier_file_and_leaves_nothing_beside_it(exported):
    path, _ = exported
    assert list(path.parent.iterdir()) == [path]
    onnx.checker.check_model(str(path))
