"""The part of TensorRT's Python API that is used here, in the version MADE_UP_TENSORRT.

A plan is its ONNX file, and runs in ONNX Runtime on memory of the host. What a version lacks is not
there (compared with the bindings of 8.6.1, 10.0.1, 10.4.0, 10.16.0 and 11.4.0), and the builder
refuses what the true one is known to refuse. It proves that posetrack calls what there is, in the
right order, with arrays at the right places. It proves nothing of what TensorRT makes of a network:
no speed, no precision, no plugin on a GPU.
"""

import ctypes
import json
import os
from enum import IntEnum

import numpy as np
import onnx
import onnxruntime as ort
from cuda.bindings import runtime
from onnx import helper
from posetrack.exporters.graph.definitions import add_functions
from posetrack.kernels.graph_ops import DOMAIN, PLUGINS

__version__ = os.environ.get("MADE_UP_TENSORRT", "10.16.0")
_NUMBER = tuple(int(part) for part in __version__.split(".")[:2])
_SINCE_10, _SINCE_11 = _NUMBER >= (10, 0), _NUMBER >= (11, 0)

calls = []  # of builders, in order: (what, arguments)


def _enum(name, members):
    return IntEnum(name, members)


_types = ["FLOAT", "HALF", "INT8", "INT32", "BOOL", "UINT8"]
DataType = _enum("DataType", {n: i for i, n in enumerate(_types + ["INT64", "BF16"] * _SINCE_10)})
_flags = ["TF32"] if _SINCE_11 else ["TF32", "FP16", "INT8", "OBEY_PRECISION_CONSTRAINTS"]
if _SINCE_10 and not _SINCE_11:
    _flags.append("BF16")
BuilderFlag = _enum("BuilderFlag", _flags)
TensorIOMode = _enum("TensorIOMode", ["INPUT", "OUTPUT"])
MemoryPoolType = _enum("MemoryPoolType", ["WORKSPACE"])
LayerType = _enum("LayerType", ["CONSTANT", "OTHER", "PLUGIN_V2", *["PLUGIN_V3"] * _SINCE_10])
if not _SINCE_11:
    PreviewFeature = _enum("PreviewFeature", ["PROFILE_SHARING_0806"])
    _kinds = {"EXPLICIT_BATCH": 0} | ({"STRONGLY_TYPED": 1} if _SINCE_10 else {})
    NetworkDefinitionCreationFlag = _enum("NetworkDefinitionCreationFlag", _kinds)


class ILogger:
    Severity = _enum("Severity", ["INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE"])

    def __init__(self):
        """Nothing is held."""


# ---- plugins


class Registry:
    def __init__(self):
        self.names, self.creators = set(), []

    def load_library(self, path):
        calls.append(("load_library", path))
        if "broken" in path:
            return None
        self.names.update(PLUGINS)
        return path

    def __getattr__(self, name):
        if name == "register_creator" and _SINCE_10:
            return self._register
        raise AttributeError(name)

    def _register(self, creator, namespace):
        assert creator.plugin_namespace == namespace
        self.creators.append(creator)
        self.names.add(creator.name)


_registry = Registry()


def get_plugin_registry():
    return _registry


if _SINCE_10:
    from .plugin_interfaces import *  # noqa: F403


# ---- building


class Builder:
    def __init__(self, logger):
        if not runtime.gpus():
            logger.log(ILogger.Severity.ERROR, "CUDA initialization failure with error: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self._logger = logger

    def create_network(self, flags=0):
        calls.append(("create_network", flags))
        return Network()

    def create_builder_config(self):
        return Config()

    def create_optimization_profile(self):
        return Profile()

    def build_serialized_network(self, network, config):
        if not config.profiles:
            self._logger.log(ILogger.Severity.ERROR, "Network has dynamic inputs, but no profile")
            return None
        calls.append(("build", None))
        facts = json.dumps({"version": __version__, "profiles": config.profiles}).encode()
        config.cache.measured += 1
        return b"PLAN" + len(facts).to_bytes(4, "little") + facts + network.content


class Network:
    content, layers = b"", ()

    @property
    def num_layers(self):
        return len(self.layers)

    def get_layer(self, index):
        return self.layers[index]


class Layer:
    def __init__(self, node, kind):
        self.name, self.type = node.name, kind
        self._outputs = [Tensor(name) for name in node.output]
        self.num_outputs = len(self._outputs)
        self.precision, self.output_types = None, {}

    def get_output(self, index):
        return self._outputs[index]

    def set_output_type(self, index, kind):
        self.output_types[index] = kind


class Tensor:
    def __init__(self, name):
        self.name, self.dtype = name, DataType.HALF if "half" in name else DataType.FLOAT


class Config:
    def __init__(self):
        self.profiles, self.cache = [], None

    def set_flag(self, flag):
        calls.append(("set_flag", flag.name))

    def clear_flag(self, flag):
        calls.append(("clear_flag", flag.name))

    def set_memory_pool_limit(self, pool, size):
        calls.append(("set_memory_pool_limit", size))

    def add_optimization_profile(self, profile):
        self.profiles.append(profile.shapes)
        return len(self.profiles) - 1

    def create_timing_cache(self, content):
        return TimingCache(content)

    def set_timing_cache(self, cache, ignore_mismatch):
        if cache.other_gpu and not ignore_mismatch:
            return False
        self.cache = cache
        return True

    def get_timing_cache(self):
        return self.cache

    def __getattr__(self, name):
        if name == "set_preview_feature" and not _SINCE_11:
            return lambda feature, on: calls.append(("set_preview_feature", feature.name))
        raise AttributeError(name)


class TimingCache:
    def __init__(self, content):
        self.other_gpu = content.startswith(b"other")
        self.measured = int(content or 0) if not self.other_gpu else 0

    def serialize(self):
        return str(self.measured).encode()


class Profile:
    def __init__(self):
        self.shapes = {}

    def set_shape(self, name, smallest, usual, largest):
        self.shapes[name] = [list(smallest), list(usual), list(largest)]


class ParserError:
    def __init__(self, text):
        self._text = text

    def desc(self):
        return self._text


class OnnxParser:
    def __init__(self, network, logger):
        self._network, self._errors = network, []

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return ParserError(self._errors[index])

    def parse(self, content):
        model = onnx.load_from_string(content)
        functions = {one.name for one in model.functions}
        if functions and not _SINCE_10:
            self._errors.append("functions are not known")
        layers = []
        for node in model.graph.node:
            kind = LayerType.CONSTANT if node.op_type == "Constant" else LayerType.OTHER
            if node.domain == DOMAIN and node.op_type not in functions:
                kind = LayerType.PLUGIN_V3 if _SINCE_10 else LayerType.PLUGIN_V2
                told = {a.name: helper.get_attribute_value(a) for a in node.attribute}
                asked = (told["plugin_namespace"], told["plugin_version"])
                if node.op_type not in _registry.names or asked != (DOMAIN.encode(), b"1"):
                    self._errors.append(f"Plugin not found: {node.op_type}")
            layers.append(Layer(node, kind))
        self._network.content, self._network.layers = content, layers
        return not self._errors


# ---- running


class Runtime:
    def __init__(self, logger):
        self._logger = logger

    def deserialize_cuda_engine(self, content):
        if content[:4] != b"PLAN":
            self._logger.log(ILogger.Severity.ERROR, "Magic tag does not match")
            return None
        size = int.from_bytes(content[4:8], "little")
        return Engine(json.loads(content[8 : 8 + size]), content[8 + size :])


_DTYPES = {
    onnx.TensorProto.FLOAT: (DataType.FLOAT, np.float32),
    onnx.TensorProto.UINT8: (DataType.UINT8, np.uint8),
    onnx.TensorProto.INT32: (DataType.INT32, np.int32),
}


class Engine:
    def __init__(self, facts, content):
        model = onnx.load_from_string(content)
        self._tensors = {one.name: one for one in (*model.graph.input, *model.graph.output)}
        self._inputs = {one.name for one in model.graph.input}
        self._profiles = facts["profiles"]
        self.contexts = 0
        if any(node.domain == DOMAIN for node in model.graph.node):
            add_functions(model)
        settings = ort.SessionOptions()
        settings.log_severity_level = 4
        self.session = ort.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )

    @property
    def num_io_tensors(self):
        return len(self._tensors)

    def get_tensor_name(self, index):
        return list(self._tensors)[index]

    def get_tensor_mode(self, name):
        return TensorIOMode.INPUT if name in self._inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name):
        return _DTYPES[self._tensors[name].type.tensor_type.elem_type][0]

    def get_tensor_shape(self, name):
        sides = self._tensors[name].type.tensor_type.shape.dim
        return tuple(side.dim_value if side.HasField("dim_value") else -1 for side in sides)

    def create_execution_context(self):
        self.contexts += 1
        return Context(self, has_profile=self.contexts == 1 or _SINCE_10)


class Context:
    def __init__(self, engine, has_profile):
        self._engine, self._shapes, self._places = engine, {}, {}
        self._has_profile = has_profile

    def set_optimization_profile_async(self, number, stream):
        self._has_profile = number == 0
        return self._has_profile

    def set_input_shape(self, name, shape):
        if not self._has_profile:  # in 8.6 only the first context has one by itself
            return False
        smallest, _, largest = self._engine._profiles[0][name]
        self._shapes[name] = tuple(shape)
        return all(
            low <= side <= high for low, side, high in zip(smallest, shape, largest, strict=True)
        )

    def get_tensor_shape(self, name):
        if name in self._shapes:
            return self._shapes[name]
        zeros = {n: np.zeros(shape, self._dtype(n)) for n, shape in self._shapes.items()}
        outputs = self._engine.session.get_outputs()
        values = self._engine.session.run(None, zeros)
        return dict(zip([one.name for one in outputs], [one.shape for one in values], strict=True))[
            name
        ]

    def set_tensor_address(self, name, address):
        assert address in runtime.held, f"{name} is not on the GPU"
        self._places[name] = address
        return True

    def execute_async_v3(self, stream):
        assert len(self._places) == self._engine.num_io_tensors
        if stream in runtime.captured and os.environ.get("MADE_UP_LOOPS"):
            return False
        runtime.enqueue(stream, self._execute)
        return True

    def _dtype(self, name):
        kind = self._engine._tensors[name].type.tensor_type.elem_type
        return np.dtype(_DTYPES[kind][1])

    def _array(self, name, shape):
        dtype = self._dtype(name)
        size = int(np.prod(shape)) * dtype.itemsize
        memory = (ctypes.c_uint8 * size).from_address(self._places[name])
        return np.frombuffer(memory, dtype).reshape(shape)

    def _execute(self):
        given = {name: self._array(name, shape) for name, shape in self._shapes.items()}
        names = [one.name for one in self._engine.session.get_outputs()]
        for name, value in zip(names, self._engine.session.run(None, given), strict=True):
            self._array(name, value.shape)[...] = value
