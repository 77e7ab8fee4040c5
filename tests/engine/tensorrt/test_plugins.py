"""Which plugins TensorRT is given: the library's, or those in Python that call the kernels."""

import importlib

import numpy as np
import pytest
from posetrack.kernels.graph_ops import DOMAIN, OPS, PLUGINS
from posetrack.kernels.library import library
from posetrack.structures import BackendError

from ...kernels.graph_runs import expected, usual_run
from ...kernels.tensorrt_host import made_up_twins
from ...kernels.tensorrt_host import plugins as compiled_plugins


class CpuAsCuda:
    """The CPU twins, called as the CUDA twins are."""

    def call(self, kernel, values):
        assert values[-1] == 7
        library("cpu").call(kernel, values[:-1])

    def scratch_bytes(self, kernel, numbers):
        return library("cpu").scratch_bytes(kernel, numbers)


CPU_AS_CUDA = CpuAsCuda()


@pytest.fixture
def trt(tensorrt_machine, monkeypatch):
    """A made-up TensorRT 10 whose plugins in Python work on arrays of the host."""
    module = tensorrt_machine(plugins=False)
    monkeypatch.setattr(python_plugins(), "library", lambda _: CPU_AS_CUDA)
    return module


def python_plugins():
    return importlib.import_module("posetrack.engine.tensorrt.python_plugins")


class Expressions:
    """Builds sizes; they are known at once."""

    def __init__(self, trt):
        kinds = trt.DimensionOperation
        self._do = {
            kinds.SUM: lambda a, b: a + b,
            kinds.PROD: lambda a, b: a * b,
            kinds.FLOOR_DIV: lambda a, b: a // b,
        }

    def constant(self, value):
        assert isinstance(value, int)
        return value

    def operation(self, kind, first, second):
        return self._do[kind](first, second)


class Described:
    """An array as TensorRT describes it."""

    def __init__(self, trt, array, layout=None):
        kinds = {"float32": "FLOAT", "float16": "HALF", "int32": "INT32", "int8": "INT8"}
        self.type = trt.DataType[kinds[np.dtype(array.dtype).name]]
        self.dims = self.max = tuple(array.shape)
        self.format = layout or trt.TensorFormat.LINEAR
        self.desc = self


def created(trt, op, attributes, phase="BUILD"):
    (creator,) = (one for one in python_plugins().creators() if one.name == op.name)
    fields = [
        trt.PluginField(n, np.array([v], np.int32 if isinstance(v, int) else np.float32), None)
        for n, v in attributes.items()
    ]
    return creator.create_plugin("", trt.PluginFieldCollection(fields), trt.TensorRTPhase[phase])


def from_plan(plugin):
    """The plugin that a plan gives back."""
    (creator,) = (one for one in python_plugins().creators() if one.name == plugin.plugin_name)
    trt = importlib.import_module("tensorrt")
    return creator.create_plugin("", plugin.get_fields_to_serialize(), trt.TensorRTPhase.RUNTIME)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_in_python_gives_its_kernels_bytes(trt, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    wanted = expected(op, arrays, attributes)
    inputs = [np.ascontiguousarray(arrays[a.name]) for a in op.inputs]
    plugin = from_plan(created(trt, op, attributes)).attach_to_context(None)
    told = [Described(trt, one) for one in inputs]
    shapes = plugin.get_output_shapes([one.dims for one in told], [], Expressions(trt))
    types = plugin.get_output_data_types([one.type for one in told])
    assert [tuple(shape) for shape in shapes] == [one.shape for one in wanted]
    outputs = [np.zeros(one.shape, one.dtype) for one in wanted]
    made = [Described(trt, one) for one in outputs]
    assert [one.type for one in made] == types
    both = [*told, *made]
    assert all(plugin.supports_format_combination(i, both, len(told)) for i in range(len(both)))
    plugin.configure_plugin(told, made)
    plugin.on_shape_change(told, made)
    size = plugin.get_workspace_size(told, made)
    workspace = np.full(size + 1, 93, np.uint8)
    places = [[one.ctypes.data for one in arrays] for arrays in (inputs, outputs)]
    plugin.enqueue(told, made, *places, workspace.ctypes.data, 7)
    assert workspace[size] == 93
    for one, other in zip(outputs, wanted, strict=True):
        assert one.tobytes() == other.tobytes()


def test_heads_may_be_half_and_nothing_else(trt):
    op = PLUGINS["PosetrackFuseOffsets"]
    plugin = created(trt, op, usual_run(op)[1])
    half, whole = np.zeros((1, 2, 3, 4), np.float16), np.zeros((1, 2, 3, 4), np.float32)

    def takes(*arrays, layout=None):
        told = [Described(trt, one) for one in arrays[:-1]]
        told.append(Described(trt, arrays[-1], layout))
        return plugin.supports_format_combination(len(told) - 1, told, len(op.inputs))

    assert takes(half)
    assert takes(whole)
    assert takes(half, half)
    assert not takes(half, whole)
    assert not takes(whole.astype(np.int8))
    assert not takes(whole, layout=trt.TensorFormat.CHW2)


def test_what_a_node_lacks_is_named(trt):
    op = next(one for one in PLUGINS.values() if one.attributes)
    attributes = usual_run(op)[1]
    name = op.attributes[0].name
    with pytest.raises(ValueError, match=f"needs one number as its attribute {name}"):
        created(trt, op, {n: v for n, v in attributes.items() if n != name})


def test_a_plan_of_other_plugins_is_refused(trt, monkeypatch):
    op = PLUGINS["PosetrackHeatmapArgmax"]
    with pytest.raises(ValueError, match="by version None of the plugin, this is version 1"):
        created(trt, op, usual_run(op)[1], "RUNTIME")
    plugin = created(trt, op, usual_run(op)[1])
    with monkeypatch.context() as patched:
        patched.setattr(python_plugins(), "PLAN_VERSION", 2)
        fields = plugin.get_fields_to_serialize()
    (creator,) = (one for one in python_plugins().creators() if one.name == op.name)
    with pytest.raises(ValueError, match="by version 2 of the plugin, this is version 1"):
        creator.create_plugin("", fields, trt.TensorRTPhase.RUNTIME)


def test_shapes_that_do_not_fit_are_refused(trt):
    op = PLUGINS["PosetrackHeatmapArgmax"]
    plugin = created(trt, op, usual_run(op)[1])
    with pytest.raises(ValueError, match=r"must have shape .*got 3 sides"):
        plugin.get_output_shapes([(1, 2, 3)], [], Expressions(trt))


def test_every_plugin_is_registered_in_the_domain(trt, monkeypatch):
    loader = importlib.import_module("posetrack.engine.tensorrt.plugins")
    found = importlib.import_module("posetrack.engine.tensorrt.library").tensorrt()
    monkeypatch.setattr(loader, "is_built", lambda _: True)
    loader.use_plugins(found)
    loader.use_plugins(found)  # once is enough
    creators = trt.get_plugin_registry().creators
    assert [one.name for one in creators] == list(PLUGINS)
    assert {(one.plugin_namespace, one.plugin_version) for one in creators} == {(DOMAIN, "1")}
    assert set(OPS) - set(PLUGINS) == {"PosetrackSizeImage"}


@pytest.mark.parametrize(("version", "major"), [("8.6.1", 8), ("10.4.0", 10), ("11.4.0", 10)])
def test_the_library_is_taken_where_it_fits(tensorrt_machine, monkeypatch, version, major):
    trt = tensorrt_machine(version, plugins=False)
    loader = importlib.import_module("posetrack.engine.tensorrt.plugins")
    found = importlib.import_module("posetrack.engine.tensorrt.library").tensorrt()
    fitting = compiled_plugins(major, made_up_twins())
    other = compiled_plugins(18 - major, made_up_twins())
    monkeypatch.setattr(loader, "tensorrt_plugins", lambda: other)
    assert loader.native_plugins(found) is None
    monkeypatch.setattr(loader, "tensorrt_plugins", lambda: fitting)
    loader.use_plugins(found)
    assert ("load_library", str(fitting)) in trt.calls


def test_a_library_that_tensorrt_does_not_load_is_named(tensorrt_machine, monkeypatch, tmp_path):
    tensorrt_machine()
    loader = importlib.import_module("posetrack.engine.tensorrt.plugins")
    found = importlib.import_module("posetrack.engine.tensorrt.library").tensorrt()
    monkeypatch.setattr(loader, "native_plugins", lambda _: tmp_path / "broken.so")
    with pytest.raises(BackendError, match=r"TensorRT cannot load the plugins in .*broken.so"):
        loader.use_plugins(found)
