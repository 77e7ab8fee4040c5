"""The examples of docs/python.md are run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from posetrack import read_video
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.models import MODELS
from posetrack.structures import COCO_17

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"## (.*?)\n.*?```python\n(.*?)```", TEXT, re.DOTALL))
CLIP = ROOT / "tests" / "data" / "clips" / "store-aisle-detection.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the examples read."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "video.mp4").write_bytes(CLIP.read_bytes())
    frame = next(iter(read_video(CLIP)))
    cv2.imwrite(str(folder / "photo.png"), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    for name, file in (("logocap-lite", "weights.pth"), ("simple-baseline-resnet-50", "crop.pth")):
        network, _ = MODELS[name].build(COCO_17)
        torch.save(network.state_dict(), folder / file)
    export_onnx(None, folder / "crop.pth", folder / "top-down.onnx", ExportOptions(post="none"))
    return folder


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("One picture", r"photo\.png: box \[.*\], nose at \[.*\]\n"),
        ("A live source", r"\d\.\d\d s: [1-9] people\n"),
        ("A checkpoint", r"photo\.png: \d+ poses by logocap-lite\n"),
        ("People whose boxes are known", r"photo\.png: keypoints \(1, 17, 2\), scores \[.*\]\n"),
    ],
)
def test_example_does_what_its_title_says(folder, title, lines):
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[title]], cwd=folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(lines, done.stdout)


def test_every_example_is_tried():
    assert len(EXAMPLES) == TEXT.count("```python") == 4
