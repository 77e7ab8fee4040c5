"""A genuine registry of plugins, that of TensorRT-RTX, loads ours and makes every operator of them.

It is asked in a process of its own, and needs no GPU. TensorRT-RTX has TensorRT 11's interfaces; it
takes no plugins into networks, so it shows nothing of a build. Its packages are
`tensorrt-rtx-cu13-libs` and `tensorrt-rtx-cu13-bindings`.
"""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
from posetrack.kernels.graph_ops import DOMAIN, PLUGINS, VERSION

from .graph_runs import usual_run
from .tensorrt_host import made_up_twins, plugins

pytestmark = pytest.mark.skipif(
    find_spec("tensorrt_rtx_bindings") is None, reason="tensorrt_rtx_bindings is not installed"
)
ASK = """
import json, sys
import numpy as np
import tensorrt_rtx_bindings as trt

class Logger(trt.ILogger):
    def __init__(self):
        super().__init__()
        self.said = []
    def log(self, severity, text):
        if severity == trt.Logger.Severity.ERROR:
            self.said.append(text)

def fields_of(attributes):
    fields = []
    for name, value in attributes.items():
        whole = isinstance(value, int)
        kind = trt.PluginFieldType.INT64 if whole else trt.PluginFieldType.FLOAT32
        array = np.array([value], np.int64 if whole else np.float32)
        fields.append(trt.PluginField(name, array, kind))
    return trt.PluginFieldCollection(fields)

path, own_version, space, ops = json.load(sys.stdin)
logger = Logger()
builder = trt.Builder(logger)  # the registry logs where it logs
registry = trt.get_plugin_registry()
before = len(registry.all_creators)
assert registry.load_library(path)
told = {"creators": len(registry.all_creators) - before, "ops": {}}
for name, attributes in ops.items():
    creator = registry.get_creator(name, own_version, space)
    plugin = creator.create_plugin("layer", fields_of(attributes), trt.TensorRTPhase.BUILD)
    core = plugin.get_capability_interface(trt.PluginCapabilityType.CORE)
    again, other = [
        creator.create_plugin(
            "layer", fields_of({"plan_version": version} | attributes), trt.TensorRTPhase.RUNTIME
        )
        for version in (1, 7)
    ]
    told["ops"][name] = {
        "fields": [field.name for field in creator.field_names],
        "core": [core.plugin_name, core.plugin_version, core.plugin_namespace],
        "again": again is not None,
        "other": other is not None,
        "said": logger.said[:],
    }
    logger.said.clear()
json.dump(told, sys.stdout)
"""


@pytest.fixture(scope="module")
def told():
    """What the registry says of the library."""
    path = str(plugins(11, made_up_twins()))
    ops = {name: usual_run(op)[1] for name, op in PLUGINS.items()}
    question = json.dumps([path, str(VERSION), DOMAIN, ops])
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_the_registry_finds_every_operator(told):
    assert told["creators"] == len(PLUGINS)
    assert list(told["ops"]) == list(PLUGINS)


@pytest.mark.parametrize("name", PLUGINS)
def test_the_registry_makes_an_operator_and_reads_it_from_a_plan(told, name):
    op, found = PLUGINS[name], told["ops"][name]
    assert found["core"] == [name, str(VERSION), DOMAIN]
    assert sorted(found["fields"]) == sorted(a.name for a in op.attributes)
    assert found["again"]


@pytest.mark.parametrize("name", PLUGINS)
def test_the_registry_is_told_why_a_plan_is_refused(told, name):
    found = told["ops"][name]
    sentence = "the plan was written by version 7 of the plugin, this is version 1"
    assert not found["other"]
    assert found["said"] == [f"{name}: {sentence}: build the plan again"]
