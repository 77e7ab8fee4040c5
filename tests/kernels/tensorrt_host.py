"""TensorRT's plugins in a host of our own, which asks them what TensorRT asks.

They are compiled over the stand-in for TensorRT's headers and, where TENSORRT_ROOTS names installs
of TensorRT, `a:b:c`, with those headers, too.
"""

import ctypes
import os
import shutil
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from posetrack.kernels.graph_ops import PLUGINS

from .places import KERNELS, compile_native

STAND_IN = Path(__file__).with_name("tensorrt_stand_in")
MAJORS = (8, 10, 11)
ROOTS = tuple(Path(root) for root in os.environ.get("TENSORRT_ROOTS", "").split(":") if root)
# TensorRT's number of an element type
TYPES = {np.float32: 0, np.float16: 1, np.int8: 2, np.int32: 3, np.bool_: 4}
DTYPES = {number: np.dtype(dtype) for dtype, number in TYPES.items()}
LINEAR, CHW2 = 0, 1
FLOAT32, FLOAT64, INT32, INT64 = 1, 2, 5, 10  # of fields
_FLAGS = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-deprecated-declarations", "-fPIC"]


class Tensor(ctypes.Structure):
    """As in host.cpp."""

    _fields_ = [
        ("type", ctypes.c_int32),
        ("format", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("sides", ctypes.c_int64 * 8),
    ]

    def described(self):
        return DTYPES[self.type], tuple(self.sides[: self.rank])


class Field(ctypes.Structure):
    """As in TensorRT."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("type", ctypes.c_int32),
        ("length", ctypes.c_int32),
    ]


class Refused(Exception):
    """What the plugin logged where it refused."""


def tensor(dtype, shape, layout=LINEAR):
    return Tensor(TYPES[np.dtype(dtype).type], layout, len(shape), (*shape,))


def tensors(arrays):
    """As an array in C."""
    all_of_them = [a if isinstance(a, Tensor) else tensor(a.dtype, a.shape) for a in arrays]
    return (Tensor * len(all_of_them))(*all_of_them)


def major_of(root):
    """Of the TensorRT whose headers are there."""
    text = (root / "include" / "NvInferVersion.h").read_text("utf-8")
    words = [line.split() for line in text.splitlines()]
    said = {line[1]: line[2] for line in words if len(line) > 2 and line[0] == "#define"}
    number = said["NV_TENSORRT_MAJOR"]
    return int(said.get(number, number))


def cuda_include():
    """The folder of CUDA's headers, which TensorRT's want."""
    return Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "include"


@lru_cache
def folder():
    return Path(mkdtemp())


_numbers = count()


def new(name):
    return folder() / f"{next(_numbers)}-{name}"


def flags_of(headers):
    """The compiler's, for the stand-in of a major version or for an install of TensorRT."""
    if isinstance(headers, int):
        return [f"-DNV_TENSORRT_MAJOR={headers}", f"-I{STAND_IN / 'include'}"]
    return [f"-isystem{headers / 'include'}", f"-isystem{cuda_include()}"]


@lru_cache
def plugins_object(headers):
    """The plugins, compiled."""
    output = new("plugins.o")
    source = KERNELS / "tensorrt" / "plugins.cpp"
    options = [*_FLAGS, "-O1", "-fvisibility=hidden", "-DPT_OPS_ON_CUDA", *flags_of(headers)]
    compile_native([*options, "-c", str(source), "-o", str(output)])
    return output


@lru_cache
def compiled_classes(headers):
    """The compiler's list of all classes that the plugins see."""
    output = new("classes.o")
    options = ["-fdump-lang-class", "-dumpdir", f"{output}-", "-std=c++17", *flags_of(headers)]
    options += ["-Wno-deprecated-declarations", "-DPT_OPS_ON_CUDA"]
    source = KERNELS / "tensorrt" / "plugins.cpp"
    compile_native([*options, "-c", str(source), "-o", str(output)])
    (dump,) = output.parent.glob(f"{output.name}-*.class")
    return dump.read_text("utf-8")


@lru_cache
def plugins(headers, twins):
    """The library of plugins over a library of CUDA twins."""
    output = new("libposetrack_trt.so")
    exports = f"-Wl,--version-script={KERNELS / 'tensorrt' / 'exports.map'}"
    linked = [str(plugins_object(headers)), str(twins), exports, "-Wl,-z,defs"]
    if twins == made_up_twins():  # which count what is allocated
        linked.append("-Wl,--wrap=_Znwm")
    compile_native(["-shared", *linked, "-o", str(output)])
    return output


@lru_cache
def made_up_twins():
    output = new("libmade_up_twins.so")
    source = str(STAND_IN / "made_up_twins.cpp")
    compile_native([*_FLAGS, "-O1", "-shared", source, "-o", str(output)])
    return output


@lru_cache
def _host(major):
    output = new(f"host_{major}.so")
    options = [*_FLAGS, "-O1", "-shared", "-fvisibility=hidden", *flags_of(major)]
    compile_native([*options, str(STAND_IN / "host.cpp"), "-o", str(output), "-ldl"])
    return output


class Host:
    """One that has loaded a library of plugins.

    Args:
        headers: that the plugins are compiled with: a major version of the stand-in, or a root.
        twins: the library of CUDA twins.
    """

    def __init__(self, headers, twins):
        self.major = headers if isinstance(headers, int) else major_of(headers)
        self.path = plugins(headers, twins)
        own = shutil.copy(_host(self.major), new("host.so"))  # it keeps what it has loaded
        self._native = ctypes.CDLL(str(own))
        for name in ("log", "name", "version", "namespace", "field", "plugin_name"):
            self._function(name).restype = ctypes.c_char_p
        for name in ("create", "deserialize", "serialize", "attach"):
            self._function(name).restype = ctypes.c_void_p
        self._function("workspace").restype = ctypes.c_int64
        creators = self._function("open")(str(self.path).encode())
        assert creators >= 0, self.log()
        self.names = [self._function("name")(i).decode() for i in range(creators)]

    def _function(self, name):
        return getattr(self._native, f"host_{name}")

    def log(self):
        return self._function("log")().decode().strip()

    def creator(self, name):
        """Name, version, namespace and names of fields."""
        number, fields = self.names.index(name), []
        while field := self._function("field")(number, len(fields)):
            fields.append(field.decode())
        said = [self._function(what)(number).decode() for what in ("name", "version", "namespace")]
        return *said, fields

    def create(self, name, attributes, whole=None):
        """A plugin from fields; `whole` says in which of two types integers come."""
        whole = whole or (INT64 if self.major >= 10 else INT32)
        kinds = {FLOAT32: ctypes.c_float, FLOAT64: ctypes.c_double}
        kinds |= {INT32: ctypes.c_int32, INT64: ctypes.c_int64}
        fields, data = [], []
        for key, value in attributes.items():
            kind = whole if isinstance(value, int) else FLOAT32
            data.append(kinds[kind](value))
            fields.append(Field(key.encode(), ctypes.addressof(data[-1]), kind, 1))
        given = (Field * len(fields))(*fields)
        number = self.names.index(name)
        return Plugin(self, self._function("create")(number, given, len(fields)))

    def deserialize(self, name, data):
        number, size = self.names.index(name), ctypes.c_int64(len(data))
        return Plugin(self, self._function("deserialize")(number, data, size))


class Plugin:
    """One that a host has made, or attached to an execution context."""

    def __init__(self, host, handle):
        if not handle:
            raise Refused(host.log())
        self._host, self._handle = host, ctypes.c_void_p(handle)

    def __del__(self):
        if hasattr(self, "_handle"):
            self._call("destroy")

    def _call(self, name, *arguments):
        return self._host._function(name)(self._handle, *arguments)

    @property
    def name(self):
        return self._call("plugin_name").decode()

    def attached(self):
        return Plugin(self._host, self._call("attach"))

    def serialized(self):
        size = ctypes.c_int64()
        return ctypes.string_at(self._call("serialize", ctypes.byref(size)), size.value)

    def takes(self, inputs, outputs):
        """Whether it takes these types and layouts, asked one by one."""
        given = tensors([*inputs, *outputs])
        sizes = (len(inputs), len(outputs))
        return all(self._call("takes", last, given, *sizes) for last in range(len(given)))

    def infer(self, op, inputs):
        """Type and shape of every output."""
        given, found = tensors(inputs), (Tensor * len(op.outputs))()
        if self._call("infer", given, len(given), found, len(found)) != 0:
            raise Refused(self._host.log())
        return [one.described() for one in found]

    def workspace(self, op, inputs):
        """Bytes for inputs up to these sizes."""
        given, outputs = tensors(inputs), tensors([tensor(*d) for d in self.infer(op, inputs)])
        found = self._call("workspace", given, len(given), outputs, len(outputs))
        if error := self._host.log():
            raise Refused(error)
        return found

    def run(self, op, inputs, *, at_end=False, stream=0, allocations=None):
        """The outputs, from a workspace of exactly the size that is announced for these inputs."""
        workspace = self.workspace(op, inputs)
        outputs = [np.zeros(shape, dtype) for dtype, shape in self.infer(op, inputs)]
        given, made = tensors(inputs), tensors(outputs)
        addresses = [(ctypes.c_void_p * len(a))(*_addresses(a)) for a in (inputs, outputs)]
        allocated = ctypes.c_int64()
        status = self._call(
            *("enqueue", given, len(given), made, len(made), *addresses),
            *(ctypes.c_int64(workspace), int(at_end), ctypes.c_void_p(stream)),
            *(allocations, ctypes.byref(allocated)),
        )
        if status != 0:
            raise Refused(self._host.log())
        assert allocated.value == 0
        return outputs


def _addresses(arrays):
    """As TensorRT gives them: of empty arrays there is none."""
    return [a.ctypes.data if a.size else None for a in arrays]


def given(op, arrays):
    """The inputs in order, dense."""
    return [np.ascontiguousarray(arrays[a.name]) for a in op.inputs]


def heads(op):
    return [a.name for a in op.inputs if a.type == "void"]


def ops_with(predicate):
    return [name for name, op in PLUGINS.items() if predicate(op)]
