"""NVIDIA's own bindings, those of TensorRT-RTX: our builder builds, our Python plugins are taken.

They have TensorRT 11's interfaces, and build without a GPU, but take no plugins into networks: so
this is the one way to see that our calls are those of the true library. Each script runs in a
process of its own, with the bindings in TensorRT's place and made-up memory. The packages are
`tensorrt-rtx-cu13-libs` and `tensorrt-rtx-cu13-bindings`.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from made_up_tensorrt import FOLDER
from posetrack.exporters import export_onnx
from posetrack.kernels.graph_ops import PLUGINS
from posetrack.structures.plan_manifest import PlanManifest

from ...kernels.graph_runs import usual_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("tensorrt_rtx_bindings") is None, reason="tensorrt_rtx_bindings is not installed"
    ),
]
IN_ITS_PLACE = """
import sys
import tensorrt_rtx_bindings as trt
sys.modules["tensorrt"] = trt
from posetrack.engine.tensorrt import buffers, library
library.KNOWN = (((1, 0), (1, 99)),)
library.TensorRt.strongly_typed = library.TensorRt.shares_profiles = property(lambda _: True)
buffers._LIBRARIES = {"cuda-python": buffers._LIBRARIES["cuda-python"]}
"""
BUILD = """
from pathlib import Path
from posetrack.exporters.plan import BuildOptions, build_plan
for times in range(2):
    options = BuildOptions(plugins=False, workspace_mb=256, overwrite=True)
    build_plan(Path(sys.argv[1]), Path(sys.argv[2]), options)
"""
REGISTER = """
import gc, json
import numpy as np
from posetrack.engine.tensorrt.python_plugins import creators
from posetrack.kernels.graph_ops import DOMAIN
registry, held = trt.get_plugin_registry(), creators()
assert all(registry.register_creator(creator, DOMAIN) for creator in held)
found = {}
for name, attributes in json.load(sys.stdin).items():
    creator = registry.get_creator(name, "1", DOMAIN)
    whole = {n: isinstance(value, int) for n, value in attributes.items()}
    arrays = {n: np.array([v], np.int32 if whole[n] else np.float32) for n, v in attributes.items()}
    kinds = trt.PluginFieldType
    given = [
        trt.PluginField(n, array, kinds.INT32 if whole[n] else kinds.FLOAT32)
        for n, array in arrays.items()
    ]
    phases = trt.TensorRTPhase
    plugin = creator.create_plugin("a", trt.PluginFieldCollection(given), phases.BUILD)
    fields = plugin.get_fields_to_serialize()
    gc.collect()
    again = creator.create_plugin("a", fields, phases.RUNTIME)
    found[name] = dict(again.attributes)
print(json.dumps(found))
"""


def run(script, *arguments, given="", cache="."):
    environment = os.environ | {"PYTHONPATH": str(FOLDER), "POSETRACK_CACHE": str(cache)}
    command = [sys.executable, "-c", IN_ITS_PLACE + script, *map(str, arguments)]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_the_builder_builds(tmp_path):
    model, plan = tmp_path / "movenet.onnx", tmp_path / "movenet.engine"
    export_onnx("movenet-multipose", None, model)
    run(BUILD, model, plan, cache=tmp_path / "cache")
    manifest = PlanManifest.beside(plan)
    assert manifest.profiles["image"].max == (1, 480, 480, 3)
    assert manifest.spec.name == "movenet-multipose"
    assert plan.stat().st_size > 10_000_000
    (timing,) = (tmp_path / "cache" / "tensorrt").iterdir()
    assert timing.name.endswith("-sm90.timing")


def test_plugins_in_python_are_taken():
    attributes = {name: usual_run(op)[1] for name, op in PLUGINS.items()}
    found = json.loads(run(REGISTER, given=json.dumps(attributes)))
    assert list(found) == list(PLUGINS)
    for name, told in attributes.items():
        assert found[name] == pytest.approx(told)
