"""Where kernels are run by the tests: the CPU, a GPU, and the CUDA twins on a stand-in for one."""

import os
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels import devices
from posetrack.kernels.library import Library

KERNELS = Path(__file__).parents[2] / "kernels"
# in which a block's threads take turns on the host, as in cuda_on_host.h
ORDERS = ("ascending", "descending", "shuffled")
# name -> marks of its tests
PLACES = {"cpu": (), "cuda-on-host": (pytest.mark.slow,), "cuda": (pytest.mark.cuda,)}


def run(place, name, arguments):
    """A kernel by its name, with NumPy arrays in and out wherever it runs."""
    kernel = getattr(kernels, name)
    if place == "cpu":
        return kernel(**arguments)
    if place == "cuda-on-host":
        with patch.object(devices, "CPU", CudaOnHost()):
            return kernel(**arguments)
    return _from_gpu(kernel(**{key: _to_gpu(value) for key, value in arguments.items()}))


class CudaOnHost(devices.Cpu):
    """NumPy arrays, but the CUDA twins work on them, compiled for the host."""

    @property
    def library(self):
        return host_library()

    def call(self, kernel, values):
        self.library.call(kernel, (*values, None))


@contextmanager
def order_of_threads(order):
    """Lets the threads of a block on the host take turns in one of ORDERS."""
    set_order = host_library()._native.set_order
    set_order(ORDERS.index(order))
    try:
        yield
    finally:
        set_order(0)


@lru_cache(maxsize=1)
def host_library():
    """The `.cu` files, compiled by the C++ compiler over `cuda_on_host.h`."""
    output = Path(mkdtemp()) / "libposetrack_cuda_on_host.so"
    header = Path(__file__).with_name("cuda_on_host.h")
    flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-fPIC"]
    flags += ["-DPT_TWIN=cuda", f'-DPT_CUDA_HEADER="{header}"']
    # names in anonymous namespaces may repeat, so each file is compiled alone
    sources = [KERNELS / "host" / "library.cpp", header.with_suffix(".cpp")]
    objects = []
    for path in sources + sorted((KERNELS / "cuda").glob("*.cu")):
        objects.append(output.with_name(f"{path.parent.name}-{path.stem}.o"))
        compile_native([*flags, "-x", "c++", "-c", str(path), "-o", str(objects[-1])])
    compile_native(["-shared", *map(str, objects), "-o", str(output)])
    return Library(output, "cuda")


def compile_native(arguments):
    command = [os.environ.get("CXX", "c++"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def _to_gpu(value):
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return tuple(map(_to_gpu, value))
    if isinstance(value, kernels.GlobalWindow):
        return replace(value, weights=_to_gpu(value.weights))
    if isinstance(value, kernels.CenterMesh):
        return replace(value, steps=_to_gpu(value.steps))
    if not isinstance(value, np.ndarray):
        return value
    import torch

    whole = torch.from_numpy(np.ascontiguousarray(value)).cuda()
    if value.size and not value.flags.c_contiguous:  # images that lie apart stay so
        apart = torch.empty((2 * len(value), *value.shape[1:]), dtype=whole.dtype).cuda()[::2]
        apart.copy_(whole)
        return apart
    return whole


def _from_gpu(result):
    if isinstance(result, tuple):
        return tuple(map(_from_gpu, result))
    return result.cpu().numpy()
