"""The part of pycuda that is used here, over memory of the host; see `cuda.bindings.runtime`."""

import ctypes

import numpy as np
from cuda.bindings import runtime


class Error(Exception):
    """What pycuda raises."""


contexts = []  # pushed and not popped


def init():
    if not runtime.gpus():
        raise Error("cuInit failed: no CUDA-capable device is detected")


class Device:
    def __init__(self, number):
        self._card = runtime.cudaGetDeviceProperties(number)[1]

    @staticmethod
    def count():
        return runtime.gpus()

    def name(self):
        return self._card.name.decode()

    def compute_capability(self):
        return self._card.major, self._card.minor

    def retain_primary_context(self):
        return Context()


class Context:
    def push(self):
        contexts.append(self)

    def pop(self):
        contexts.pop()


class DeviceAllocation:
    def __init__(self, size):
        assert contexts, "no context is current"
        error, self.address = runtime.cudaMalloc(size)
        if error:
            raise Error("cuMemAlloc failed: out of memory")

    def __int__(self):
        return self.address

    def __del__(self):
        if self.address:
            runtime.cudaFree(self.address)


mem_alloc = DeviceAllocation


def pagelocked_empty(shape, dtype):
    return np.empty(shape, dtype)


class Stream:
    def __init__(self):
        self.handle = runtime.cudaStreamCreateWithFlags(0)[1]

    def synchronize(self):
        """Everything is done already."""


def memcpy_htod_async(target, array, stream):
    ctypes.memmove(target, array.ctypes.data, array.nbytes)


def memcpy_dtoh_async(array, source, stream):
    ctypes.memmove(array.ctypes.data, source, array.nbytes)
