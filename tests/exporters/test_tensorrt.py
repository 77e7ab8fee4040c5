"""TensorRT-RTX parses every family's graph form and compiles it ahead of time, without a GPU.

It knows no plugins of ours, so it takes the operators' definitions.
"""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from posetrack.exporters import ExportOptions, export_onnx

BINDINGS = "tensorrt_rtx_bindings"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec(BINDINGS) is None, reason="TensorRT-RTX is not installed"),
]
# It ends the process where it fails, so it has one of its own.
BUILD = """
import sys
import tensorrt_rtx_bindings as trt

class Log(trt.ILogger):
    def __init__(self):
        super().__init__()
    def log(self, severity, message):
        if severity <= trt.ILogger.Severity.ERROR and "CUDA driver" not in message:
            print(message)

log, (file, *size) = Log(), sys.argv[1:]
builder = trt.Builder(log)
network = builder.create_network(0)
parser = trt.OnnxParser(network, log)
with open(file, "rb") as model:
    parsed = parser.parse(model.read())
assert parsed, [parser.get_error(i).desc() for i in range(parser.num_errors)]
config, profile = builder.create_builder_config(), builder.create_optimization_profile()
shapes = [(batch, *map(int, size), 3) for batch in (1, 2, 4)]
profile.set_shape(network.get_input(0).name, *shapes)
config.add_optimization_profile(profile)
assert builder.build_serialized_network(network, config) is not None
print([network.get_output(i).name for i in range(network.num_outputs)])
"""
OUTPUTS = ["keypoints", "keypoint_scores", "scores", "boxes", "count"]
MODELS = {
    "movenet-multipose": (256, 448),
    "logocap-lite": (256, 384),
    "heatmap-guided-hrnet-w32": (256, 384),
    "dekr-hrnet-w32": (256, 384),
    "ogn-resnet-50": (512, 384),
    "simple-baseline-resnet-50": (256, 192),
    "integral-resnet-18": (256, 256),
    "integral-resnet-50-stride-8-h3": (256, 256),
    "integral-3d-resnet-18": (256, 256),
}
FLIPPED = {"movenet-multipose", "logocap-lite", "ogn-resnet-50", "integral-3d-resnet-18"}


@pytest.mark.parametrize("name", MODELS)
def test_graph_form_is_compiled(tmp_path, name):
    path = tmp_path / "model.onnx"
    spec = export_onnx(
        name, None, path, ExportOptions(flip_test=name in FLIPPED, random_weights=True)
    )
    size = spec.sizing.crop or MODELS[name]
    command = [sys.executable, "-c", BUILD, path, *map(str, size)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    outputs = OUTPUTS + ["depth_mm"] * ("3d" in name)
    assert done.stdout.splitlines()[-1] == str(outputs)
