"""Plans that run on a made-up GPU; its memory is the host's, see `made_up/tensorrt`."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up_tensorrt import VERSIONS
from posetrack.engine import EngineOptions, PoseEngine, open_session
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.structures import BackendError, DeviceSession, ModelFileError, SessionOptions
from posetrack.structures.digest import sha256_of
from posetrack.structures.plan_manifest import PlanManifest, manifest_path
from untrained import crowded_lite

CPU = SessionOptions(backend="onnxruntime", device="cpu")
GPU = SessionOptions(backend="tensorrt")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model that ships, in graph form."""
    path = tmp_path_factory.mktemp("model") / "movenet.onnx"
    export_onnx("movenet-multipose", None, path)
    return path


@pytest.fixture
def plan(model, tmp_path):
    """Builds the plan of a model."""

    def build(file=model, **options):
        from posetrack.exporters.plan import BuildOptions, build_plan

        return next(iter(build_plan(file, tmp_path / "a.engine", BuildOptions(**options))))

    return build


def picture(height=256, width=448, images=1, seed=0):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (images, height // 16, width // 16, 3), np.uint8)
    return coarse.repeat(16, 1).repeat(16, 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plan_finds_what_its_file_does(tensorrt_machine, model, plan, version):
    tensorrt_machine(version)
    image = picture()[0]
    with PoseEngine.load(model, CPU) as engine:
        wanted = engine(image)
    with PoseEngine.load(plan(), GPU) as engine:
        assert (engine.session.backend, engine.session.device) == ("tensorrt", "cuda:0")
        assert isinstance(engine.session, DeviceSession)
        for _ in range(3):
            found = engine(image)
            assert len(found) == len(wanted) > 0
            np.testing.assert_allclose(found.keypoints, wanted.keypoints, atol=1e-2)
            np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)


def test_a_model_in_head_form_runs_with_its_companions(tensorrt_machine, tmp_path, plan):
    tensorrt_machine()
    file = tmp_path / "lite.onnx"
    torch.save(crowded_lite(), tmp_path / "lite.pth")
    export_onnx("logocap-lite", tmp_path / "lite.pth", file, ExportOptions(post="none"))
    image = picture()[0]
    with PoseEngine.load(file, CPU) as engine:
        wanted = engine(image)
    with PoseEngine.load(plan(file), GPU) as engine:
        found = engine(image)
        assert len(found) == len(wanted) > 0
        np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-4)
        companion = engine._companions["refine"]
        shape = (0, *companion._network.inputs[0].shape[1:])
        (nobody,) = companion.run({"features": np.zeros(shape, np.float32)}).values()
        assert nobody.shape[0] == 0


def test_each_shape_is_recorded_once_per_stream(tensorrt_machine, plan):
    tensorrt_machine()
    path = plan()
    from cuda.bindings import runtime

    with open_session(path, GPU) as session:
        one, other = picture(), picture(256, 256)
        results = [session.run({"image": image}) for image in (one, one, one, other, one, other)]
        # the first call of each shape is done, then recorded
        assert runtime.counts["captures"] == 2
        assert runtime.counts["launches"] == 4
        for first, second in ((0, 1), (0, 2), (0, 4), (3, 5)):
            for name, values in results[first].items():
                np.testing.assert_array_equal(values, results[second][name])
    assert session._network is not None
    del session, results
    assert runtime.captured == {}


def test_what_cannot_be_recorded_is_enqueued_anew(tensorrt_machine, plan):
    tensorrt_machine(loops=1)
    path = plan()
    from cuda.bindings import runtime

    with open_session(path, GPU) as session:
        results = [session.run({"image": picture()}) for _ in range(4)]
    assert runtime.counts["launches"] == 0
    assert runtime.counts["captures"] == 1
    for name, values in results[0].items():
        np.testing.assert_array_equal(values, results[3][name])


def test_memory_is_given_back(tensorrt_machine, plan):
    tensorrt_machine()
    path = plan()
    from cuda.bindings import runtime

    with open_session(path, GPU) as session:
        session.run({"image": picture()})
        assert len(runtime.held) > 0
    del session
    assert runtime.held == {}


def test_of_many_shapes_the_last_ones_are_kept(tensorrt_machine, plan):
    tensorrt_machine()
    path = plan()
    from cuda.bindings import runtime

    with open_session(path, GPU) as session:
        held = []
        for width in (256, 288, 320, 352, 384, 416, 448, 480):
            session.run({"image": picture(256, width)})
            held.append(len(runtime.held))
        assert held[0] < held[3] == held[-1]


def test_calls_at_once_do_not_meet(tensorrt_machine, plan):
    tensorrt_machine()
    images = [picture(seed=seed) for seed in range(12)]
    with open_session(plan(), replace(GPU, parallel=3)) as session:
        alone = [session.run({"image": image}) for image in images]
        together = [None] * len(images)

        def work(first):
            for i in range(first, len(images), 4):
                together[i] = session.run({"image": images[i]})

        threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for one, other in zip(alone, together, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name])


def test_results_are_the_callers(tensorrt_machine, plan):
    tensorrt_machine()
    with open_session(plan(), GPU) as session:
        first = session.run({"image": picture(seed=1)})
        copies = {name: values.copy() for name, values in first.items()}
        for seed in range(4):
            session.run({"image": picture(seed=seed)})
        for name, values in first.items():
            np.testing.assert_array_equal(values, copies[name])
            values += 1


def test_pycuda_serves_as_well(tensorrt_machine, plan, monkeypatch):
    tensorrt_machine()
    from posetrack.engine.tensorrt import buffers

    path = plan()
    with open_session(path, GPU) as session:
        wanted = session.run({"image": picture()})
    left = {"pycuda": buffers._LIBRARIES["pycuda"]}
    monkeypatch.setattr(buffers, "_LIBRARIES", left)
    with open_session(path, GPU) as session:
        from pycuda import driver

        for _ in range(3):
            for name, values in session.run({"image": picture()}).items():
                np.testing.assert_array_equal(values, wanted[name])
    assert driver.contexts == []


def test_no_library_for_memory_is_one_sentence(tensorrt_machine, plan, monkeypatch):
    tensorrt_machine()
    path = plan()
    from posetrack.engine.tensorrt import buffers

    monkeypatch.setattr(buffers, "_LIBRARIES", {"none": ("no_such_module", ".no:None")})
    with pytest.raises(BackendError, match=r"pip install 'posetrack\[cuda-python\]'"):
        open_session(path, GPU)


def test_more_images_than_the_plan_takes_are_refused(tensorrt_machine, plan):
    tensorrt_machine()
    path = plan()
    with open_session(path, GPU) as session:
        wanted = "takes image of 1 x 256 x 256 x 3 to 1 x 480 x 480 x 3, got 2 x 256 x 448 x 3"
        with pytest.raises(ValueError, match=wanted):
            session.run({"image": picture(images=2)})
        with pytest.raises(ValueError, match="image must be uint8"):
            session.run({"image": picture().astype(np.float32)})
    with pytest.raises(RuntimeError, match="the session is closed"):
        session.run({"image": picture()})
    options = EngineOptions(sizes=(512,))
    with pytest.raises(ValueError, match="choose another --size, or build a plan for it"):
        PoseEngine.load(path, GPU, options)(picture()[0])


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"gpu": "Other"}, "for the GPU Made-up GPU, here is Other: build it here with `posetrack"),
        ({"sm": "8.0"}, "for compute capability 9.0, here is 8.0: build it here"),
        ({"version": "10.4.0"}, "for TensorRT 10.16.0, here is 10.4.0: build it here"),
    ],
)
def test_a_plan_for_another_machine_is_refused(tensorrt_machine, plan, facts, message):
    tensorrt_machine()
    path = plan()
    tensorrt_machine(**facts)
    with pytest.raises(ModelFileError, match=message):
        open_session(path, GPU)


def changed(path, **values):
    manifest = manifest_path(path)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | values))


def other_plugins(path):
    changed(path, plugins="0" * 64)


def another_profile(path):
    profiles = json.loads(manifest_path(path).read_text())["profiles"]
    changed(path, profiles={"picture": profiles["image"]})


def no_numbers(path):
    changed(path, profiles={"image": {"min": ["a"], "opt": [1], "max": [1]}})


def cut_short(path):
    path.write_bytes(path.read_bytes()[:1000])


def another_file(path):
    path.write_bytes(b"another file")
    changed(path, plan_sha256=sha256_of(path))


def lone(path):
    manifest_path(path).unlink()


def no_manifest(path):
    manifest_path(path).write_text("{}")


def later_manifest(path):
    changed(path, version=2)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (other_plugins, "for other posetrack plugins than those installed here: build it here"),
        (cut_short, "a.engine is damaged or not the plan that a.engine.json speaks of"),
        (another_file, "TensorRT cannot load .*a.engine: Magic tag does not match"),
        (lone, "has no a.engine.json beside it, which says what it needs"),
        (no_manifest, "a.engine.json cannot be read"),
        (another_profile, "a.engine.json is not of this plan: build it again"),
        (no_numbers, "a.engine.json cannot be read"),
        (later_manifest, "it has version 2, this posetrack reads 1"),
    ],
)
def test_a_spoiled_plan_is_refused(tensorrt_machine, plan, spoil, message):
    tensorrt_machine()
    path = plan()
    spoil(path)
    with pytest.raises(ModelFileError, match=message):
        open_session(path, GPU)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"gpus": 0}, "GPU 0 cannot be used .*driver version is insufficient"),
        ({"gpus": 1, "memory": 1000}, "CUDA says: out of memory"),
    ],
)
def test_a_gpu_that_cannot_be_had_is_one_sentence(tensorrt_machine, plan, facts, message):
    tensorrt_machine()
    path = plan()
    tensorrt_machine(**facts)
    with pytest.raises(BackendError, match=message), open_session(path, GPU) as session:
        session.run({"image": picture()})


def test_a_gpu_that_is_not_there_is_named(tensorrt_machine, plan):
    tensorrt_machine(gpus=2)
    path = plan()
    with pytest.raises(BackendError, match=r"GPU 2 cannot be used .*cuda-python: 2 there"):
        open_session(path, replace(GPU, device="cuda:2"))
    with open_session(path, replace(GPU, device="cuda:1")) as session:
        assert session.device == "cuda:1"


def test_a_plan_without_its_companion_is_refused(tensorrt_machine, tmp_path, plan):
    tensorrt_machine()
    file = tmp_path / "lite.onnx"
    export_onnx("logocap-lite", None, file, ExportOptions(post="none", random_weights=True))
    path = plan(file)
    (tmp_path / "a.refine.engine").unlink()
    wanted = r"needs a\.refine\.engine beside it: .*`posetrack build lite\.onnx`"
    with pytest.raises(ModelFileError, match=wanted):
        PoseEngine.load(path, GPU)


def test_a_batch_beyond_the_plan_is_refused_at_once(tensorrt_machine, plan):
    tensorrt_machine()
    path = plan(batch=(1, 2, 2))
    wanted = "takes 2 images at a time, and a batch of 4 has 4: build one for more with"
    with pytest.raises(ValueError, match=wanted):
        PoseEngine.load(path, GPU, EngineOptions(batch=4))
    with PoseEngine.load(path, GPU, EngineOptions(batch=2)) as engine:
        assert len(engine(picture()[0])) > 0


def test_fewer_images_than_the_least_are_filled_up(tensorrt_machine, plan):
    tensorrt_machine()
    with open_session(plan(batch=(2, 2, 4)), GPU) as session:
        results = [session.run({"image": picture(images=n)}) for n in (1, 2, 3)]
    assert [len(one["scores"]) for one in results] == [1, 2, 3]
    np.testing.assert_allclose(results[0]["scores"][0], results[1]["scores"][0], atol=1e-5)


def test_files_of_other_backends_are_refused(tensorrt_machine, model, plan):
    tensorrt_machine()
    with pytest.raises(BackendError, match=r"tensorrt runs \.engine files, not .*: build one with"):
        open_session(model, GPU)
    with pytest.raises(BackendError, match=r"onnxruntime runs no .*a\.engine, a plan of TensorRT"):
        open_session(plan(), CPU)
    with open_session(plan(overwrite=True), SessionOptions()) as session:
        assert session.backend == "tensorrt"


def test_a_manifest_is_read_as_it_was_written(tensorrt_machine, plan):
    tensorrt_machine()
    manifest = PlanManifest.beside(plan())
    assert PlanManifest.from_json(manifest.to_json()) == manifest
