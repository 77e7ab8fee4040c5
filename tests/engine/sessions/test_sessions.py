"""Sessions: the same answers from every backend and thread, and no precision unasked for."""

import importlib.util
import re
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
import openvino as ov
import pytest
from posetrack.engine import BACKENDS, PRECISIONS, PoseEngine, model_path, open_session
from posetrack.engine.sessions import Backend, available_threads, choose_backend
from posetrack.engine.sessions import onnxruntime as onnxruntime_session
from posetrack.structures import (
    BackendError,
    ModelFileError,
    ModelSpec,
    Session,
    SessionOptions,
)
from tolerances import HEADS_ATOL

from ..hand_made import FakeSession

PATH = model_path("movenet-multipose")
CPU_HAS_BF16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


# those that run such files here
ONNX_BACKENDS = [
    name for name, one in BACKENDS.items() if ".onnx" in one.suffixes and "cpu" in one.devices
]


@pytest.fixture(scope="module", params=ONNX_BACKENDS)
def session(request):
    with open_session(PATH, SessionOptions(backend=request.param, parallel=2)) as session:
        yield session


@pytest.fixture(scope="module")
def images(frame):
    """Four cuts of a real frame, each (1, 128, 160, 3)."""
    corners = [(60, 160), (100, 220), (0, 0), (142, 320)]
    return [frame[None, y : y + 128, x : x + 160].copy() for y, x in corners]


def assert_same(heads, expected):
    assert heads.keys() == expected.keys()
    for name, head in expected.items():
        np.testing.assert_array_equal(heads[name], head, err_msg=name)


def largest_difference(heads, expected):
    return max(np.abs(heads[name] - head).max() for name, head in expected.items())


# ---- what a session is


def test_session_says_what_it_takes_and_gives(session):
    assert isinstance(session, Session)
    assert session.backend in BACKENDS
    assert session.precision == "fp32"
    assert session.inputs == ("image",)
    spec = ModelSpec.from_json(session.spec_json)
    assert spec.name == "movenet-multipose"
    assert session.outputs == tuple(head.name for head in spec.heads)


def test_heads_have_the_shapes_of_the_spec(session):
    heads = session.run({"image": np.zeros((2, 64, 96, 3), np.uint8)})
    for head in ModelSpec.from_json(session.spec_json).heads:
        assert heads[head.name].shape == (2, head.channels, 16, 24)
        assert heads[head.name].dtype == np.float32


def test_result_belongs_to_the_caller(session, images):
    first = session.run({"image": images[0]})
    kept = {name: head.copy() for name, head in first.items()}
    session.run({"image": images[1]})
    assert_same(first, kept)
    first["heatmap"][:] = 7
    assert_same(session.run({"image": images[0]}), kept)


def test_image_of_another_memory_order_gives_the_same(session, images):
    expected = session.run({"image": images[0]})
    assert_same(session.run({"image": np.asfortranarray(images[0])}), expected)


def test_each_image_of_a_batch_gives_what_it_gives_alone(session, images):
    together = session.run({"image": np.concatenate(images)})
    for i, image in enumerate(images):
        alone = session.run({"image": image})
        for name, head in alone.items():
            np.testing.assert_allclose(
                together[name][i : i + 1], head, rtol=0, atol=HEADS_ATOL, err_msg=name
            )


def test_many_threads_get_the_answers_of_one(session, images):
    expected = [session.run({"image": image}) for image in images]
    jobs = [i % len(images) for i in range(40)]
    with ThreadPoolExecutor(4) as threads:  # more than the two calls that were announced
        results = list(threads.map(lambda i: session.run({"image": images[i]}), jobs))
    for i, heads in zip(jobs, results, strict=True):
        assert_same(heads, expected[i])


def test_closed_session_does_not_run():
    for backend in ONNX_BACKENDS:
        with open_session(PATH, SessionOptions(backend=backend)) as session:
            pass
        session.close()  # a second time does nothing
        with pytest.raises(RuntimeError, match="closed"):
            session.run({"image": np.zeros((1, 64, 64, 3), np.uint8)})


# ---- precision


def test_float32_is_float32_on_every_backend(images):
    """Left alone, OpenVINO would compute in bfloat16 on a CPU that has it."""
    with (
        open_session(PATH, SessionOptions(backend="onnxruntime")) as one,
        open_session(PATH, SessionOptions(backend="openvino")) as other,
    ):
        for image in images:
            heads, expected = other.run({"image": image}), one.run({"image": image})
            assert largest_difference(heads, expected) < HEADS_ATOL


@pytest.mark.skipif(not CPU_HAS_BF16, reason="this CPU has no bfloat16 arithmetic")
def test_bfloat16_is_used_when_asked_for(images):
    with open_session(PATH, SessionOptions(precision="bf16")) as half, open_session(PATH) as full:
        assert (half.backend, half.precision) == ("openvino", "bf16")
        heads, expected = half.run({"image": images[0]}), full.run({"image": images[0]})
    assert largest_difference(heads, expected) > 10 * HEADS_ATOL
    for name, head in expected.items():
        assert np.corrcoef(heads[name].ravel(), head.ravel())[0, 1] > 0.98, name


def test_bfloat16_is_refused_where_the_cpu_has_none(monkeypatch):
    class PlainCore:
        def get_property(self, *_):
            return ["FP32", "INT8"]

    monkeypatch.setattr("posetrack.engine.sessions.openvino.ov.Core", PlainCore)
    message = "this CPU has no bfloat16 arithmetic: use precision fp32"
    with pytest.raises(RuntimeError, match=message):
        open_session(PATH, SessionOptions(backend="openvino", precision="bf16"))


def test_onnxruntime_refuses_bfloat16():
    message = (
        "backend onnxruntime computes in fp32 on cpu or cuda, not in bf16: "
        "choose another backend, device or precision"
    )
    with pytest.raises(BackendError, match=f"^{message}$"):
        open_session(PATH, SessionOptions(backend="onnxruntime", precision="bf16"))


# ---- inputs


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "the network takes ['image'], got []"),
        (
            {"picture": np.zeros((1, 64, 64, 3), np.uint8)},
            "the network takes ['image'], got ['picture']",
        ),
        (
            {n: np.zeros((1, 64, 64, 3), np.uint8) for n in ("image", "mask")},
            "the network takes ['image'], got ['image', 'mask']",
        ),
        (
            {"image": np.zeros((64, 64, 3), np.uint8)},
            "image must be uint8 of shape (any, any, any, 3), got uint8 of shape (64, 64, 3)",
        ),
        (
            {"image": np.zeros((1, 64, 64, 4), np.uint8)},
            "image must be uint8 of shape (any, any, any, 3), got uint8 of shape (1, 64, 64, 4)",
        ),
        (
            {"image": np.zeros((1, 64, 64, 3), np.float32)},
            "image must be uint8 of shape (any, any, any, 3), got float32 of shape (1, 64, 64, 3)",
        ),
    ],
)
def test_wrong_input_is_refused_with_what_is_wanted(session, arrays, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        session.run(arrays)


# ---- opening


def test_unknown_backend_is_refused_with_the_choice():
    names = "auto, onnxruntime, onnxruntime-tensorrt, openvino, tensorrt"
    message = f"backend must be one of {names}, got 'trt'"
    with pytest.raises(ValueError, match=re.escape(message)):
        open_session(PATH, SessionOptions(backend="trt"))


@pytest.mark.parametrize("precision", ["int8", "FP32", ""])
def test_unknown_precision_is_refused_with_the_choice(precision):
    message = f"precision must be one of fp32, bf16, got {precision!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        open_session(PATH, SessionOptions(precision=precision))
    assert precision not in PRECISIONS


@pytest.mark.parametrize("counts", [{"threads": -1}, {"parallel": 0}, {"parallel": -2}])
@pytest.mark.parametrize("backend", BACKENDS)
def test_counts_out_of_range_are_refused(backend, counts):
    with pytest.raises(ValueError, match="threads must be at least 0 and parallel at least 1"):
        open_session(PATH, SessionOptions(backend=backend, **counts))


@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
def test_missing_file_is_named(tmp_path, backend):
    path = tmp_path / "missing.onnx"
    with pytest.raises(FileNotFoundError, match=re.escape(f"there is no model file {path}")):
        open_session(path, SessionOptions(backend=backend))


@pytest.mark.parametrize("backend", ONNX_BACKENDS)
@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07\x12\x04"])
def test_file_that_is_no_model_is_refused(tmp_path, backend, content):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="^" + re.escape(f"{backend} cannot load {path}: ")):
        open_session(path, SessionOptions(backend=backend))


@pytest.mark.parametrize("backend", ONNX_BACKENDS)
def test_model_cut_short_is_refused(tmp_path, backend):
    path = tmp_path / "a.onnx"
    content = PATH.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="^" + re.escape(f"{backend} cannot load {path}: ")):
        open_session(path, SessionOptions(backend=backend))


# ---- which backend


def install_only(monkeypatch, *libraries):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in libraries or None)


@pytest.mark.parametrize(
    ("installed", "precision", "backend"),
    [
        (("onnxruntime", "openvino"), "fp32", "onnxruntime"),
        (("openvino",), "fp32", "openvino"),
        (("onnxruntime",), "fp32", "onnxruntime"),
        (("onnxruntime", "openvino"), "bf16", "openvino"),
    ],
)
def test_auto_takes_the_first_installed_backend_that_can(
    monkeypatch, installed, precision, backend
):
    install_only(monkeypatch, *installed)
    assert choose_backend(".onnx", SessionOptions(precision=precision)) == backend


def test_without_any_runtime_the_extras_are_named(monkeypatch):
    install_only(monkeypatch)
    message = (
        "no runtime for .onnx in fp32 is installed: pip install 'posetrack[cpu]' or "
        "'posetrack[gpu]' or 'posetrack[openvino]'"
    )
    with pytest.raises(BackendError, match=f"^{re.escape(message)}$"):
        open_session(PATH)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"backend": "onnxruntime", "device": "cpu"},
            "backend onnxruntime is not installed: pip install 'posetrack[cpu]'",
        ),
        (
            {"backend": "onnxruntime", "device": "cuda:1"},
            "backend onnxruntime is not installed: pip install 'posetrack[gpu]'",
        ),
        (
            {"device": "cuda"},
            "no runtime for .onnx in fp32 on cuda is installed: pip install 'posetrack[gpu]'",
        ),
        (
            {"backend": "openvino"},
            "backend openvino is not installed: pip install 'posetrack[openvino]'",
        ),
        (
            {"precision": "bf16"},
            "no runtime for .onnx in bf16 is installed: pip install 'posetrack[openvino]'",
        ),
    ],
)
def test_backend_asked_for_is_never_replaced(monkeypatch, options, message):
    install_only(monkeypatch)
    with pytest.raises(BackendError, match=f"^{re.escape(message)}$"):
        open_session(PATH, SessionOptions(**options))


def test_there_is_a_thread_to_use():
    assert available_threads() >= 1


# ---- devices


class Providers:
    """onnxruntime as it would be with some providers built in, of which some load."""

    def __init__(self, monkeypatch, built, loads, failing=()):
        self.asked = []
        monkeypatch.setattr(ort, "get_available_providers", lambda: built)
        plain = ort.InferenceSession

        def open_with(path, settings, providers, enable_fallback):
            assert not enable_fallback  # which would print on stdout
            self.asked.append(providers)
            if CUDA in failing and providers != [CPU]:
                raise RuntimeError("no CUDA-capable device is detected")
            session = plain(path, settings, providers=["CPUExecutionProvider"])
            names = [p if isinstance(p, str) else p[0] for p in providers]
            monkeypatch.setattr(session, "get_providers", lambda: [n for n in names if n in loads])
            return session

        monkeypatch.setattr(ort, "InferenceSession", open_with)


CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.mark.parametrize(
    ("device", "built", "loads", "taken"),
    [
        ("auto", [CPU], [CPU], "cpu"),
        ("cpu", [CUDA, CPU], [CUDA, CPU], "cpu"),
        ("auto", [CUDA, CPU], [CUDA, CPU], "cuda:0"),
        ("auto", [CUDA, CPU], [CPU], "cpu"),
        ("cuda", [CUDA, CPU], [CUDA, CPU], "cuda:0"),
        ("cuda:3", [CUDA, CPU], [CUDA, CPU], "cuda:3"),
    ],
)
def test_session_says_which_device_it_took(monkeypatch, device, built, loads, taken):
    providers = Providers(monkeypatch, built, loads)
    with open_session(PATH, SessionOptions("onnxruntime", device)) as session:
        assert session.device == taken
    if taken.startswith("cuda"):
        options = {"device_id": int(taken[5:]), "use_tf32": 0}
        assert providers.asked == [[(CUDA, options), CPU]]


@pytest.mark.parametrize(
    ("built", "message"),
    [
        ([CPU], "onnxruntime is the build for the CPU here: pip uninstall onnxruntime, then pip"),
        (
            [CUDA, CPU],
            "could not load its libraries of CUDA and cuDNN: it needs a driver, CUDA and cuDNN of",
        ),
    ],
)
def test_gpu_asked_for_is_never_replaced_by_the_cpu(monkeypatch, built, message):
    Providers(monkeypatch, built, [CPU])
    with pytest.raises(BackendError, match=message):
        open_session(PATH, SessionOptions("onnxruntime", "cuda"))


def test_gpu_that_fails_is_replaced_only_where_none_was_asked_for(monkeypatch):
    Providers(monkeypatch, [CUDA, CPU], [CPU], failing=[CUDA])
    with open_session(PATH) as session:
        assert session.device == "cpu"
    with pytest.raises(BackendError, match=r"cannot be had, .*no CUDA-capable device is"):
        open_session(PATH, SessionOptions("onnxruntime", "cuda"))


def test_file_that_is_no_model_is_not_blamed_on_the_gpu(monkeypatch, tmp_path):
    Providers(monkeypatch, [CUDA, CPU], [CPU], failing=[CUDA])
    path = tmp_path / "a.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match=r"a\.onnx"):
        open_session(path, SessionOptions(device="cuda"))


TENSORRT = "TensorrtExecutionProvider"
BY_TENSORRT = SessionOptions("onnxruntime-tensorrt", "cuda:1")


def test_tensorrt_comes_before_cuda(monkeypatch, tmp_path):
    monkeypatch.setenv("POSETRACK_CACHE", str(tmp_path))
    everything = [TENSORRT, CUDA, CPU]
    providers = Providers(monkeypatch, everything, everything)
    plugins = tmp_path / "plugins.so"
    plugins.touch()
    monkeypatch.setattr(onnxruntime_session, "tensorrt_plugins", lambda: plugins)
    with open_session(PATH, BY_TENSORRT) as session:
        assert (session.backend, session.device) == ("onnxruntime-tensorrt", "cuda:1")
    ((first, second, third),) = providers.asked
    assert second == (CUDA, {"device_id": 1, "use_tf32": 0})
    assert (first[0], third) == (TENSORRT, CPU)
    assert first[1]["device_id"] == 1
    assert first[1]["trt_extra_plugin_lib_paths"] == str(plugins)
    kept = Path(first[1]["trt_engine_cache_path"])
    assert kept.parent == tmp_path / "onnxruntime-tensorrt"
    assert kept.is_dir()
    # a file of the same graph with other weights has nothing in common with it
    other = tmp_path / "other.onnx"
    other.write_bytes(PATH.read_bytes() + b"\x3a\x00")
    with open_session(other, BY_TENSORRT):
        assert Path(providers.asked[-1][0][1]["trt_engine_cache_path"]) != kept


@pytest.mark.parametrize(
    ("built", "loads", "message"),
    [
        ([CUDA, CPU], [CUDA, CPU], "onnxruntime is a build without TensorRT here: pip uninstall"),
        ([TENSORRT, CUDA, CPU], [CUDA, CPU], "not load its libraries of CUDA, cuDNN and TensorRT"),
        ([TENSORRT, CUDA, CPU], [TENSORRT, CPU], "not load its libraries of CUDA, cuDNN and"),
        ([TENSORRT, CUDA, CPU], [CPU], "not load its libraries of CUDA, cuDNN and TensorRT"),
    ],
)
def test_tensorrt_is_never_replaced(monkeypatch, tmp_path, built, loads, message):
    monkeypatch.setenv("POSETRACK_CACHE", str(tmp_path))
    Providers(monkeypatch, built, loads)
    with pytest.raises(BackendError, match=message):
        open_session(PATH, BY_TENSORRT)


def test_openvino_refuses_a_gpu():
    message = "openvino computes in fp32 or bf16 on cpu, not in fp32 on cuda:1: choose another"
    with pytest.raises(BackendError, match=message):
        open_session(PATH, SessionOptions("openvino", "cuda:1"))


def test_auto_takes_a_backend_that_has_the_device_and_precision(monkeypatch):
    install_only(monkeypatch, "onnxruntime", "openvino")
    assert choose_backend(".onnx", SessionOptions(device="cuda")) == "onnxruntime"
    with pytest.raises(BackendError, match=r"no backend runs \.onnx in bf16 on cuda: choose"):
        choose_backend(".onnx", SessionOptions(device="cuda", precision="bf16"))


# ---- a backend more


class MadeUpSession(FakeSession):
    """Runs files of its own kind: a description, and nobody in any image."""

    backend = "made-up"

    def __init__(self, path, options):
        super().__init__({256: []}, path.read_text(encoding="utf-8"))
        self.options = options


def test_backend_is_one_class_and_one_line(monkeypatch, tmp_path, spec):
    """Nothing else knows file suffixes or backends: engine, companions and `auto` follow."""
    module = types.ModuleType("made_up_backend")
    module.MadeUpSession = MadeUpSession
    monkeypatch.setitem(sys.modules, "made_up_backend", module)
    line = Backend(
        library="made_up_backend",
        suffixes=(".made",),
        devices={"cpu": "made-up"},
        precisions=("fp32", "fp8"),
        session="made_up_backend:MadeUpSession",
    )
    monkeypatch.setitem(BACKENDS, "made-up", line)
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: n == "made_up_backend" or find_spec(n)
    )
    (tmp_path / "a.made").write_text(spec.to_json(), encoding="utf-8")
    (tmp_path / "a.score.made").write_text(spec.to_json(), encoding="utf-8")
    with PoseEngine.load(tmp_path / "a.made", SessionOptions(threads=3)) as engine:
        assert engine.session.backend == "made-up"
        assert (engine.session.options.backend, engine.session.options.threads) == ("made-up", 3)
        assert engine._companions["score"].backend == "made-up"
        assert len(engine(np.zeros((256, 256, 3), np.uint8))) == 0
    assert engine.session.closed
    with open_session(tmp_path / "a.made", SessionOptions("made-up", precision="fp8")) as session:
        assert session.options.precision == "fp8"
    with pytest.raises(BackendError, match="made-up computes in fp32 or fp8 on cpu, not in bf16"):
        open_session(tmp_path / "a.made", SessionOptions("made-up", precision="bf16"))
    with pytest.raises(ModelFileError, match="onnxruntime cannot load"):
        PoseEngine.load(tmp_path / "a.made", SessionOptions(backend="onnxruntime"))
