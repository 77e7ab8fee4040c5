"""From a checkpoint to poses and to a model file, by the commands."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from posetrack.models import MODELS
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.structures import COCO_17
from tolerances import POSE_PIXELS
from untrained import crowded_lite

# A network of random weights says the same in two libraries up to this, relative to 1.
BACKEND_SCORES = 1e-4


def posetrack(*arguments, code=0):
    """Run the command; returns (stdout, stderr)."""
    command = [sys.executable, "-m", "posetrack.apps", *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert answer.returncode == code, answer.stderr
    return answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A training checkpoint of LOGO-CAP lite whose heatmaps are above the thresholds."""
    wrapped = {f"module.{name}": tensor for name, tensor in crowded_lite().items()}
    path = tmp_path_factory.mktemp("checkpoint") / "lite.pth.tar"
    torch.save({"epoch": 3, "perf": np.float64(0.5), "state_dict": wrapped}, path)
    return path


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "42.png"
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(image, (256, 192), interpolation=cv2.INTER_CUBIC))
    return path


def results(picture, folder, *options):
    posetrack("run", picture, "-o", folder, "--format", "coco", "--size", 128, *options)
    report = json.loads((folder / "42" / "run.json").read_text())
    return json.loads((folder / "42" / "42.coco.json").read_text()), report


@pytest.mark.parametrize("flip", [(), ("--flip-test",)])
@pytest.mark.parametrize("post", ["graph", "none"])
def test_checkpoint_and_the_file_exported_from_it_find_the_same(
    checkpoint, picture, tmp_path, flip, post
):
    by_torch, report = results(picture, tmp_path / "torch", "--weights", checkpoint, *flip)
    assert report["backend"] == "torch"
    assert report["model"]["name"] == "logocap-lite"
    model = tmp_path / "lite.onnx"
    options = ("--weights", checkpoint, "-o", model, "--post", post, *flip)
    out, _ = posetrack("export", "logocap-lite", *options)
    assert out.strip() == str(model)
    assert model.with_name("lite.refine.onnx").is_file() == (post == "none")
    by_file, _ = results(picture, tmp_path / "file", "--model", model, *flip)
    assert len(by_torch) > 0
    assert len(by_torch) == len(by_file)
    for ours, other in zip(by_torch, by_file, strict=True):
        assert ours["image_id"] == 42
        np.testing.assert_allclose(ours["score"], other["score"], rtol=BACKEND_SCORES)
        apart = np.abs(np.subtract(ours["keypoints"], other["keypoints"])).reshape(17, 3)
        assert np.median(apart[:, :2].max(axis=1)) < POSE_PIXELS


@pytest.mark.parametrize("rules", ["released", "paper"])
def test_rules_are_chosen_for_a_checkpoint_and_kept_by_a_file(checkpoint, picture, tmp_path, rules):
    by_torch, _ = results(picture, tmp_path / "t", "--weights", checkpoint, "--rules", rules)
    model, options = tmp_path / "lite.onnx", ("--rules", rules)
    posetrack("export", "logocap-lite", "--weights", checkpoint, "-o", model, *options)
    by_file, _ = results(picture, tmp_path / "f", "--model", model)
    assert len(by_torch) == len(by_file) > 0
    scores = [[pose["score"] for pose in found] for found in (by_torch, by_file)]
    np.testing.assert_allclose(*scores, rtol=BACKEND_SCORES)
    # the kernels of the released rules are divided by their 121 points
    assert (max(scores[0]) < 10) == (rules == "released")
    other = {"released": "paper", "paper": "released"}[rules]
    _, errors = posetrack("run", picture, "--model", model, "--rules", other, code=1)
    assert f"lite.onnx follows the rules {rules}, not {other}: export it with" in errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "dekr-hrnet-w32"), "these weights are of family logocap, not dekr"),
        (("--model", "nobody"), "model must be one of"),
        (("--backend", "onnxruntime"), "weights run in torch, not in onnxruntime"),
        (("--precision", "bf16"), "torch computes in fp32 here, not in bf16"),
        (("--scales", "0.5,1"), "logocap-lite has no multi-scale test"),
    ],
)
def test_weights_that_do_not_fit_the_options_are_refused(
    checkpoint, picture, tmp_path, options, message
):
    arguments = ("run", picture, "-o", tmp_path / "r", "--weights", checkpoint, *options)
    _, errors = posetrack(*arguments, code=1)
    assert message in errors
    assert len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("options", "notices"),
    [((), ["0"]), (("--min-score", "0.2"), ["0.2"]), (("--quiet",), [])],
)
def test_uncalibrated_model_is_named_once_unless_quiet(
    checkpoint, picture, tmp_path, options, notices
):
    run = (
        "run",
        picture,
        "-o",
        tmp_path,
        "--size",
        128,
        "--weights",
        checkpoint,
        "--device",
        "cpu",
    )
    _, errors = posetrack(*run, *options)
    wanted = "nobody has calibrated the scores of logocap-lite: poses of at least "
    assert [text.split(" ")[0] for text in errors.split(wanted)[1:]] == notices
    assert ("torch fp32 on cpu, " in errors) == bool(notices)


def test_pose_scoring_is_for_models_that_have_it(checkpoint, picture, tmp_path):
    scoring = tmp_path / "score.pth"
    torch.save(PoseScoring(74).state_dict(), scoring)
    options = ("--weights", checkpoint, "--score-weights", scoring, "-o", tmp_path / "r")
    _, errors = posetrack("run", picture, *options, code=1)
    assert "logocap-lite has no pose scoring" in errors
    _, errors = posetrack("run", picture, "--score-weights", scoring, code=1)
    assert "--score-weights goes with --weights" in errors


def test_backend_torch_wants_weights(picture):
    _, errors = posetrack("run", picture, "--backend", "torch", code=1)
    assert "backend torch runs checkpoints: name one with --weights" in errors


def test_top_down_network_is_refused_by_run(picture, tmp_path):
    network, _ = MODELS["simple-baseline-resnet-50"].build(COCO_17)
    torch.save(network.state_dict(), tmp_path / "sb.pth")
    _, errors = posetrack("run", picture, "--weights", tmp_path / "sb.pth", code=1)
    assert "works person by person" in errors


@pytest.mark.parametrize("scales", ["0.5,2", "a", "1,-1", "1,9"])
def test_scales_are_numbers_with_1_among_them(picture, scales):
    _, errors = posetrack("run", picture, "--scales", scales, code=2)
    assert "--scales" in errors
