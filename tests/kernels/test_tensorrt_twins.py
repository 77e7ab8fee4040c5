"""Every plugin of TensorRT gives its kernel's bytes, in a host of our own, for both interfaces.

Behind the plugins are the CUDA twins, compiled for the host. The workspace has exactly the size
that is announced, between two pages that nobody may touch.
"""

from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from posetrack.kernels import devices
from posetrack.kernels.graph_ops import PLUGINS

from .case import rng
from .graph_runs import cut, expected, runs_of, usual_run
from .places import CudaOnHost, host_library
from .tensorrt_host import Host, Refused, given, heads, ops_with

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FUSED = {"PosetrackSoftArgmax"}  # the CPU fuses products, so its bytes are others


@lru_cache
def host_of(major):
    return Host(major, Path(host_library().path))


@pytest.fixture(params=[8, 10])
def host(request):
    return host_of(request.param)


@pytest.fixture
def newer():
    """The interface that can say every case: in 8.6, whole numbers have 32 bits."""
    return host_of(10)


def wanted_of(op, arrays, attributes):
    """What the kernel gives when it is called from Python."""
    if op.name not in FUSED:
        return expected(op, arrays, attributes)
    with patch.object(devices, "CPU", CudaOnHost()):
        return expected(op, arrays, attributes)


def compare(host, op, arrays, attributes, sides=(False, True)):
    """Runs with the workspace at one of its guards, or first at one, then at the other."""
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    wanted = wanted_of(op, arrays, attributes)
    plugin = host.deserialize(op.name, host.create(op.name, attributes).serialized()).attached()
    for at_end in sides:
        got = plugin.run(op, given(op, arrays), at_end=at_end)
        for array, one, other in zip(op.outputs, got, wanted, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape), array.name
            assert one.tobytes() == other.tobytes(), array.name


@lru_cache
def two_runs(name):
    """Arrays and attributes of two shapes, each with three images."""
    op = PLUGINS[name]
    arrays, attributes = usual_run(op)
    batched = [a.name for a in op.inputs if a.shape[0] == "B"]
    for _, other, told in runs_of(op):
        shapes = [(other[n].shape[1:], arrays[n].shape[1:]) for n in batched]
        if all(a.size for a in other.values()) and any(one != two for one, two in shapes):
            images = {n: other[n][:1].repeat(3, 0) for n in batched}
            return (arrays, attributes), (other | images, told)
    narrow = {a.name: arrays[a.name] for a in op.inputs}
    return (arrays, attributes), (cut(op, narrow, "N", 1), attributes)


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_gives_its_kernels_bytes(host, name, dtype, images):
    op = PLUGINS[name]
    if dtype == np.float16 and not heads(op):
        pytest.skip("no heads")
    shapes = set()
    for arrays, attributes in two_runs(name):
        with np.errstate(over="ignore"):
            given_heads = {head: arrays[head].astype(dtype) for head in heads(op)}
        part = cut(op, arrays | given_heads, "B", images)
        shapes.add(tuple(part[a.name].shape for a in op.inputs))
        compare(host, op, part, attributes)
    assert len(shapes) == 2


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_gives_the_bytes_of_every_case(newer, name):
    op, cases = PLUGINS[name], 0
    for _, arrays, attributes in runs_of(op):
        compare(newer, op, arrays, attributes, sides=[True])
        cases += 1
    assert cases > 0


def test_what_the_kernel_refuses_is_logged_in_its_words(host):
    op = PLUGINS["PosetrackUpsampledPeaks"]
    arrays, attributes = usual_run(op)
    plugin = host.create(op.name, attributes | {"window": 4}).attached()
    with pytest.raises(Refused, match=r"^PosetrackUpsampledPeaks: window must be odd"):
        plugin.run(op, given(op, arrays))


@pytest.mark.parametrize("name", ops_with(lambda op: op.contract.scratch))
def test_smaller_inputs_need_no_more_workspace(host, name):
    """TensorRT asks for the largest shapes alone, and gives that much for all."""
    op, random = PLUGINS[name], rng(1)
    arrays, attributes = usual_run(op)
    plugin = host.create(name, attributes)
    sizes = {}
    for array in op.inputs:
        sides = zip(array.shape, arrays[array.name].shape, strict=True)
        sizes |= {name: size // factor for (factor, name), size in map(told, sides)}

    def workspace(sizes):
        zeros = [np.zeros((), arrays[a.name].dtype) for a in op.inputs]
        sides = [map(parsed, a.shape) for a in op.inputs]
        shapes = [[factor * sizes[name] for factor, name in one] for one in sides]
        return plugin.workspace(op, list(map(np.broadcast_to, zeros, shapes)))

    compared = 0
    for _ in range(200):
        large = {side: int(size * random.integers(1, 4)) for side, size in sizes.items()}
        small = {side: int(random.integers(0, size + 1)) for side, size in large.items()}
        try:
            bytes_of_both = [workspace(one | {"": 1}) for one in (small, large)]
        except Refused:  # such as a kernel of even size
            continue
        assert bytes_of_both[0] <= bytes_of_both[1]
        compared += 1
    assert compared >= 10


def parsed(side):
    """Factor and name of a side such as 4, B or 2K."""
    name = side.lstrip("0123456789")
    return int(side.removesuffix(name) or 1), name


def told(side):
    return parsed(side[0]), side[1]
