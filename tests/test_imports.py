"""What an import loads, folder by folder: nobody pays for what is not used."""

import subprocess
import sys

import posetrack
import pytest

HEAVY = {
    "av", "cv2", "faster_coco_eval", "onnx", "onnxruntime", "openvino", "rich", "safetensors",
    "scipy", "torch", "typer",
}  # fmt: skip
# module of posetrack -> the heavy libraries that importing it loads
LOADS = {
    "structures": set(),
    "kernels": set(),
    "kernels.reference": {"scipy"},
    "trackers": set(),
    "formats": set(),
    "evaluation": {"scipy"},
    "evaluation.oks_ap": {"cv2", "faster_coco_eval", "scipy"},
    "engine": set(),
    "engine.top_down": set(),
    "engine.sessions.onnxruntime": {"onnxruntime"},
    "engine.sessions.openvino": {"openvino"},
    "models": set(),
    "models.weights.zoo": set(),
    "exporters": set(),
    "exporters.inspection": {"onnx"},
    "exporters.onnx": {"onnx", "safetensors", "torch"},
    "apps": set(),
    "apps.run.report": set(),
    "apps.media.reading": set(),
    "apps.media.video": {"av"},
    "apps.media.writers": {"av", "cv2"},
    "apps.commands.models": {"rich", "typer"},
    "apps.main": {"av", "cv2", "rich", "typer"},
}


def loaded_by(module):
    names = ",".join(sorted(HEAVY))
    script = (
        f"import sys, {module}; "
        f"print(*(name for name in '{names}'.split(',') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_posetrack_loads_nothing_before_a_name_is_used():
    assert loaded_by("posetrack") == loaded_by("posetrack.apps.leaving") == set()
    assert loaded_by("posetrack, posetrack.apps.media; posetrack.PoseEngine") == set()
    script = "import sys, posetrack.apps.entry; print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script]) == b"False\n"


def test_every_public_name_is_there():
    names = "import posetrack; print(*(getattr(posetrack, n).__name__ for n in posetrack.__all__))"
    answer = subprocess.run([sys.executable, "-c", names], capture_output=True, check=True)
    assert answer.stdout.decode().split() == posetrack.__all__
    with pytest.raises(AttributeError, match="module 'posetrack' has no attribute 'nothing'"):
        posetrack.nothing  # noqa: B018


@pytest.mark.parametrize("module", LOADS)
def test_import_loads_what_it_must_and_nothing_else(module):
    assert loaded_by(f"posetrack.{module}") == LOADS[module]
