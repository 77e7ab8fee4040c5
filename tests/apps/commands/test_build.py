"""`posetrack build`, and plans in `posetrack run`, on a made-up GPU."""

import json

import cv2
import numpy as np
import pytest
from posetrack.exporters import export_onnx
from posetrack.structures.plan_manifest import manifest_path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model that ships, in graph form."""
    path = tmp_path_factory.mktemp("model") / "movenet.onnx"
    export_onnx("movenet-multipose", None, path)
    return path


@pytest.fixture(scope="module")
def picture(tmp_path_factory, clips):
    """A frame of a real clip: two people walk towards the camera."""
    video = cv2.VideoCapture(str(clips / "face-demographics-walking.mp4"))
    for _ in range(18):
        _, image = video.read()
    path = tmp_path_factory.mktemp("picture") / "walking.png"
    cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def here(model, tmp_path):
    """A copy of the model in a folder of its own."""
    return (tmp_path / "here.onnx", (tmp_path / "here.onnx").write_bytes(model.read_bytes()))[0]


def poses(folder):
    lines = (folder / "walking" / "poses.jsonl").read_text().splitlines()
    report = json.loads((folder / "walking" / "run.json").read_text())
    return json.loads(lines[1])["poses"], report


def test_a_plan_is_built_and_run(tensorrt_machine, posetrack, here, picture, tmp_path):
    tensorrt_machine()
    code, out, err = posetrack("build", here, "--batch", "1,2,4", "--size", "256x448")
    plan = here.with_suffix(".engine")
    assert (code, out) == (0, f"{plan}\n")
    assert "fp32 with posetrack's plugins, TensorRT 10.16.0 on Made-up GPU" in err
    assert "image 1x256x448x3 to 4x256x448x3" in err
    code, _, err = posetrack("run", picture, "--model", plan, "-o", tmp_path / "gpu", "--no-video")
    assert code == 0
    assert "movenet-multipose at 256 px, tensorrt fp32 on cuda:0" in err
    posetrack("run", picture, "-o", tmp_path / "cpu", "--no-video", "--backend", "onnxruntime")
    found, report = poses(tmp_path / "gpu")
    wanted, _ = poses(tmp_path / "cpu")
    assert report["backend"] == "tensorrt"
    assert len(found) == len(wanted) == 2
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one["keypoints"], other["keypoints"], atol=0.02)


def test_backend_tensorrt_builds_once(tensorrt_machine, posetrack, here, picture, tmp_path):
    trt = tensorrt_machine()
    run = ("run", picture, "--no-video", "--overwrite", "--backend", "tensorrt", "-o", tmp_path)
    code, _, err = posetrack(*run, "--model", here)
    (plan,) = tmp_path.glob("here-*.engine")
    assert code == 0
    assert f"posetrack: building {plan} for Made-up GPU, which takes minutes" in err
    code, _, err = posetrack(*run, "--model", here)
    assert code == 0
    assert "building" not in err
    assert [what for what, _ in trt.calls].count("build") == 1
    posetrack(*run, "--model", here, "--size", "384")
    assert len(list(tmp_path.glob("here-*.engine"))) == 2
    plan.write_bytes(b"cut short")
    code, _, err = posetrack(*run, "--model", here)
    assert (code, "building" in err) == (0, True)
    assert posetrack(*run)[0] == 0  # with the model that ships
    (kept,) = (tmp_path / "cache" / "plans").glob("*.engine")
    assert kept.name.startswith("movenet-multipose-")


def test_a_plan_for_another_gpu_is_built_again_where_asked(
    tensorrt_machine, posetrack, here, picture, tmp_path
):
    tensorrt_machine()
    plan = here.with_suffix(".engine")
    posetrack("build", here, "--size", "256x448")
    tensorrt_machine(gpu="Another GPU")
    run = ("run", picture, "--no-video", "--overwrite", "--model", plan, "-o", tmp_path)
    code, _, err = posetrack(*run)
    assert code == 1
    assert "is a plan for the GPU Made-up GPU, here is Another GPU: build it here with" in err
    assert "`posetrack build here.onnx`, or let --rebuild do it" in err
    earlier = plan.read_bytes()
    code, _, err = posetrack(*run, "--rebuild")
    (kept,) = tmp_path.glob("here-*.engine")
    assert code == 0
    assert f"building {kept} for Another GPU" in err
    assert plan.read_bytes() == earlier
    profiles = [json.loads(manifest_path(one).read_text())["profiles"] for one in (plan, kept)]
    assert profiles[0] == profiles[1]
    code, _, err = posetrack(*run, "--rebuild")
    assert (code, "building" in err) == (0, False)
    here.write_bytes(here.read_bytes() + b"\x00")
    tensorrt_machine(gpu="A third GPU")
    code, _, err = posetrack(*run, "--rebuild")
    assert (code, "here.onnx is not the file that here.engine was built from" in err) == (1, True)
    here.unlink()
    code, _, err = posetrack(*run, "--rebuild")
    assert (code, "cannot be built again without here.onnx: put that file beside" in err) == (
        1,
        True,
    )


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--batch", "1,2"), 2, "must be one number or smallest,usual,largest, got '1,2'"),
        (("--batch", "a"), 2, "must be one number or smallest,usual,largest, got 'a'"),
        (("--size", "256"), 2, "must be height x width in pixels, such as 256x448, got '256'"),
        (("--size", "64x64,96x96"), 2, "must be one size or smallest,usual,largest"),
        (("--size", ","), 2, "must be one size or smallest,usual,largest"),
        (("--size", "64x64,,96x96,96x96"), 2, "must be one size or smallest,usual,largest"),
        (("--size", "99999x64"), 2, "must be 8192 pixels at most"),
        (("--batch", "1,2,999"), 2, "must be 256 at most"),
        (("--size", "100x100"), 1, "are multiples of 32, got 100"),
        (("--device", "cpu"), 2, "must be cuda or cuda:n"),
        (("-o", "a.plan"), 1, "the output must be an .engine file, got a.plan"),
    ],
)
def test_wrong_use_is_one_sentence(tensorrt_machine, posetrack, here, options, code, message):
    tensorrt_machine()
    found, out, err = posetrack("build", here, *options)
    assert (found, out) == (code, "")
    assert message in err
    assert list(here.parent.glob("*.engine*")) == []


def test_without_tensorrt_build_says_what_to_install(posetrack, here):
    code, _, err = posetrack("build", here)
    assert code == 1
    assert "pip install 'posetrack[tensorrt]'" in err
    code, _, err = posetrack("run", here, "--backend", "tensorrt")
    assert code == 1
    assert "pip install 'posetrack[tensorrt]'" in err


def test_rebuild_is_for_plans(posetrack, here, picture):
    code, _, err = posetrack("run", picture, "--model", here, "--rebuild")
    assert (code, "--rebuild is for .engine files, not" in err) == (1, True)


def test_a_missing_model_is_named(tensorrt_machine, posetrack, tmp_path):
    tensorrt_machine()
    code, _, err = posetrack("build", tmp_path / "none.onnx")
    assert (code, "none.onnx" in err) == (1, True)
