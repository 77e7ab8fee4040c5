"""Every operator as a plugin of TensorRT, in a host of our own: interfaces, not numbers.

The CUDA twins behind it are made up; test_tensorrt_twins.py has those that compute.
"""

import ctypes
import os
import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from posetrack.kernels.graph_ops import DOMAIN, PLUGINS, VERSION

from .graph_runs import cut, expected, usual_run
from .places import compile_native
from .tensorrt_host import (
    CHW2,
    INT32,
    MAJORS,
    ROOTS,
    STAND_IN,
    Host,
    Refused,
    flags_of,
    given,
    made_up_twins,
    ops_with,
    plugins,
    tensor,
)

NMS = "PosetrackCenterNmsTopk"


@pytest.fixture(scope="module", params=[*MAJORS, *ROOTS], ids=str)
def host(request):
    """One of each interface of the stand-in's, and one of each install that is named."""
    return Host(request.param, made_up_twins())


@pytest.fixture
def twins():
    native = ctypes.CDLL(str(made_up_twins()))
    native.made_up_stream.restype = ctypes.c_void_p
    yield native
    native.made_up_answer(0)


def described(op, arrays, dtype=np.float32):
    """Inputs and outputs, with heads of a type."""
    inputs = [
        tensor(dtype if a.type == "void" else arrays[a.name].dtype, arrays[a.name].shape)
        for a in op.inputs
    ]
    kinds = {"int32_t": np.int32, "bool": np.bool_}
    return inputs, [tensor(kinds.get(a.type, np.float32), (1,) * len(a.shape)) for a in op.outputs]


# ---- creators


def test_every_operator_has_a_creator(host):
    assert host.names == list(PLUGINS)
    for name, op in PLUGINS.items():
        fields = [a.name for a in op.contract.arguments if a in op.attributes]
        fields += [a.name for a in op.attributes if a.name not in fields]
        assert host.creator(name) == (name, str(VERSION), DOMAIN, fields)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_comes_through_a_plan_as_it_was(host, name):
    _, attributes = usual_run(PLUGINS[name])
    plugin = host.create(name, attributes)
    again = host.deserialize(name, plugin.serialized())
    assert (again.name, again.serialized()) == (name, plugin.serialized())
    assert again.attached().serialized() == plugin.serialized()


def test_whole_numbers_come_in_either_width(host):
    attributes = {"N": 7, "radius": 1, "tolerance": 0.5, "threshold": 0.25}
    plugin = host.create(NMS, attributes)
    assert plugin.infer(PLUGINS[NMS], [tensor(np.float32, (3, 4, 5))])[0] == (np.int32, (3, 7))
    assert host.create(NMS, attributes, whole=INT32).serialized() == plugin.serialized()


def test_what_is_told_wrongly_is_refused_by_name(host):
    told = {"N": 7, "radius": 1, "tolerance": 0.5, "threshold": 0.25}
    for wrong, sentence in [
        ({k: v for k, v in told.items() if k != "radius"}, "the attribute radius is missing"),
        (told | {"radius": 1.5}, "radius must be one whole number"),
        (told | {"threshold": 1}, "threshold must be one real number"),
        (told | {"N": -1}, "N must be 0 to 2147483647, got -1"),
    ]:
        with pytest.raises(Refused, match=f"^{NMS}: {sentence}$"):
            host.create(NMS, wrong)
    op = PLUGINS["PosetrackUpsampleMaps"]
    with pytest.raises(Refused, match="ratio must be 0 to"):
        host.create(op.name, usual_run(op)[1] | {"ratio": -2})


# ---- plans


def with_version(data, version):
    """The plan of a plugin as another version might have written it."""
    field = data.find(b"plan_version\0")
    at = 0 if field < 0 else field + len(b"plan_version\0") + 8
    assert data[at : at + 8] == struct.pack("<q", 1)
    return data[:at] + struct.pack("<q", version) + data[at + 8 :]


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plan_of_another_version_is_refused_by_name(host, name):
    data = host.create(name, usual_run(PLUGINS[name])[1]).serialized()
    wanted = f"^{name}: the plan was written by version 7 of the plugin, this is version 1: "
    with pytest.raises(Refused, match=wanted + "build the plan again$"):
        host.deserialize(name, with_version(data, 7))


def test_half_a_plan_is_refused(host):
    data = host.create(NMS, usual_run(PLUGINS[NMS])[1]).serialized()
    if host.major >= 10:  # fields; the last is threshold, with name, type, length and 8 bytes
        half = data[: -len("threshold\0") - 16]
        with pytest.raises(Refused, match="the attribute threshold is missing"):
            host.deserialize(NMS, half)
        with pytest.raises(Refused, match="the attribute plan_version is missing"):
            host.deserialize(NMS, data[len("plan_version\0") + 16 :])
        return
    with pytest.raises(Refused, match=f"must hold {len(data)} bytes of the plugin, got 32"):
        host.deserialize(NMS, data[:32])
    with pytest.raises(Refused, match="written by version 0 of the plugin"):
        host.deserialize(NMS, data[:4])


# ---- types and shapes


@pytest.mark.parametrize("name", PLUGINS)
def test_types_are_the_operators_and_heads_may_be_float16(host, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    plugin = host.create(name, attributes)
    usual = described(op, arrays)
    assert plugin.takes(*usual)
    assert plugin.takes(*described(op, arrays, np.float16))
    for side, number in [(s, i) for s in (0, 1) for i in range(len(usual[s]))]:
        for dtype, layout in [(np.int8, 0), (DTYPE_OF[usual[side][number].type], CHW2)]:
            wrong = ([*usual[0]], [*usual[1]])
            wrong[side][number] = tensor(dtype, (1,), layout)
            assert not plugin.takes(*wrong)
        if side == 1 or op.inputs[number].type != "void":
            wrong = ([*usual[0]], [*usual[1]])
            wrong[side][number] = tensor(np.float16, (1,))
            assert not plugin.takes(*wrong)


DTYPE_OF = {0: np.float32, 3: np.int32, 4: np.bool_}


def alike(op):
    """Heads of which the kernel is told one type."""
    told = [a for a in op.inputs if a.type == "void" and a is not op.sized_by]
    return [a.name for a in told if op.contract.dtype_of(a) == "dtype"]


@pytest.mark.parametrize("name", ops_with(lambda op: len(alike(op)) > 1))
def test_heads_of_one_type_must_be_alike(host, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    inputs, outputs = described(op, arrays)
    last = [a.name for a in op.inputs].index(alike(op)[-1])
    inputs[last] = tensor(np.float16, (1,))
    assert not host.create(name, attributes).takes(inputs, outputs)


@pytest.mark.parametrize("name", PLUGINS)
def test_shapes_are_those_of_the_kernel(host, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    plugin = host.create(name, attributes)
    people = [("N", 1)] if any("N" in array.shape for array in op.inputs) else []
    for side, size in [("B", 3), ("B", 1), *people]:
        part = {n: np.ascontiguousarray(a) for n, a in cut(op, arrays, side, size).items()}
        wanted = [(a.dtype, a.shape) for a in expected(op, part, attributes)]
        assert plugin.infer(op, given(op, part)) == wanted


def test_other_ranks_are_refused_when_shapes_are_asked_for(host):
    op = PLUGINS[NMS]
    plugin = host.create(NMS, usual_run(op)[1])
    with pytest.raises(Refused, match=rf"^{NMS}: maps must have shape \(B, h, w\), got 2 sides"):
        plugin.infer(op, [tensor(np.float32, (3, 4))])
    with pytest.raises(Refused, match=f"^{NMS}: must have 1 inputs, got 2"):
        plugin.infer(op, [tensor(np.float32, (3, 4, 5))] * 2)


# ---- calls


@pytest.mark.parametrize("name", PLUGINS)
def test_the_twin_is_called_in_the_given_stream_and_nothing_is_allocated(host, twins, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    before = twins.made_up_allocations()
    plugin = host.create(name, attributes).attached()
    assert twins.made_up_allocations() > before  # it is this memory that is counted
    assert plugin.workspace(op, given(op, arrays)) == (192 if op.contract.scratch else 0)
    for size in (3, 1):
        inputs = given(op, cut(op, arrays, "B", size))
        plugin.run(op, inputs, stream=0x5000 + size, allocations=twins.made_up_allocations)
        assert twins.made_up_stream() == 0x5000 + size


@pytest.mark.parametrize("name", PLUGINS)
def test_what_the_twin_refuses_is_logged(host, twins, name):
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    twins.made_up_answer(2)
    with pytest.raises(Refused, match=f"^{name}: made up to fail$"):
        host.create(name, attributes).attached().run(op, given(op, arrays))


def test_a_wrong_shape_is_refused_before_the_twin_is_called(host):
    op = PLUGINS["PosetrackCenterOffsetDecode"]
    arrays, attributes = usual_run(op)
    arrays = arrays | {"cells": arrays["cells"][:2]}
    sentence = re.escape("offset must have shape (B, 2K, h, w) = (2, ")
    with pytest.raises(Refused, match=f"^{op.name}: {sentence}"):
        host.create(op.name, attributes).attached().run(op, given(op, arrays))


# ---- the library


def test_nothing_but_the_entries_is_exported_and_nothing_of_tensorrt_is_needed(host):
    if shutil.which("nm") is None:
        pytest.skip("no nm on this machine")
    command = ["nm", "-D", "--format=just-symbols"]
    defined, undefined = [
        subprocess.run(
            [*command, kind, str(host.path)], capture_output=True, text=True, check=True
        ).stdout.split()
        for kind in ("--defined-only", "--undefined-only")
    ]
    entry = "getCreators" if host.major >= 10 else "getPluginCreators"
    assert sorted(defined) == [entry, "setLoggerFinder"]
    foreign = re.compile(r"nvinfer|Plugin|getLogger|^cuda|^cu[A-Z]")
    assert [name for name in undefined if foreign.search(name)] == []


# ---- servers, which merely open the library


OPENED = """
import ctypes, sys
nvinfer = ctypes.CDLL(sys.argv[1]) if sys.argv[1] else None
plugins = ctypes.CDLL(sys.argv[2])
if nvinfer:
    nvinfer.registered_names.restype = ctypes.c_char_p
    print(nvinfer.registered_names().decode(), end="")
"""


@pytest.fixture(scope="module", params=MAJORS)
def opened(request, tmp_path_factory):
    """Opens the plugins in a process of its own: names of what was registered, and stderr."""
    folder, major = tmp_path_factory.mktemp("nvinfer"), request.param
    nvinfer = folder / f"libnvinfer.so.{major}"
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fPIC", *flags_of(major)]
    soname = f"-Wl,-soname,{nvinfer.name}"
    source = str(STAND_IN / "nvinfer.cpp")
    compile_native([*flags, "-shared", soname, source, "-o", str(nvinfer)])

    def call(there, **environment):
        command = [sys.executable, "-c", OPENED, str(nvinfer) if there else ""]
        done = subprocess.run(
            [*command, str(plugins(major, made_up_twins()))],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | environment,
        )
        return done.stdout.split(), done.stderr

    return call


def test_opening_alone_registers_nothing(opened):
    assert opened(True) == ([], "")
    assert opened(True, POSETRACK_REGISTER_PLUGINS="0") == ([], "")


def test_where_the_environment_asks_all_are_registered(opened):
    names, errors = opened(True, POSETRACK_REGISTER_PLUGINS="1")
    assert names == [f"{DOMAIN}::{name}" for name in PLUGINS]
    assert errors == "posetrack: TensorRT does not take the plugin PosetrackSoftArgmax\n"


def test_a_server_without_tensorrt_is_told(opened):
    names, errors = opened(False, POSETRACK_REGISTER_PLUGINS="1")
    assert names == []
    assert errors.startswith("posetrack: POSETRACK_REGISTER_PLUGINS=1, but libnvinfer.so.")
