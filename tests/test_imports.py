"""What an import loads, folder by folder: nobody pays for what is not used."""

import subprocess
import sys

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
    "exporters": {"onnx", "safetensors", "torch"},
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


def test_importing_posetrack_loads_no_media_library_and_no_runtime():
    assert loaded_by("posetrack") == set()


@pytest.mark.parametrize("module", LOADS)
def test_import_loads_what_it_must_and_nothing_else(module):
    assert loaded_by(f"posetrack.{module}") == LOADS[module]
