"""The part of cuda-python that is used here, over memory of the host.

Work is done when it is enqueued, or noted where the stream is being captured. MADE_UP_GPUS says how
many cards there are, MADE_UP_MEMORY how many bytes each has.
"""

import ctypes
import os
from enum import IntEnum
from types import SimpleNamespace


class cudaError_t(IntEnum):
    cudaSuccess = 0
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35


class cudaMemcpyKind(IntEnum):
    cudaMemcpyHostToDevice = 1
    cudaMemcpyDeviceToHost = 2


class cudaStreamCaptureMode(IntEnum):
    cudaStreamCaptureModeThreadLocal = 1


cudaStreamNonBlocking = 1
_OK = cudaError_t.cudaSuccess
_TEXTS = {
    cudaError_t.cudaErrorMemoryAllocation: b"out of memory",
    cudaError_t.cudaErrorInsufficientDriver: b"CUDA driver version is insufficient",
}

held = {}  # address -> the memory that was given out
captured = {}  # stream -> what is enqueued on it while it is captured
counts = {"copies": 0, "launches": 0, "captures": 0}
_numbers = iter(range(1, 1 << 30))


def gpus():
    return int(os.environ.get("MADE_UP_GPUS", "1"))


def enqueue(stream, work):
    """Work on a stream."""
    if stream in captured:
        captured[stream].append(work)
    else:
        work()


def cudaGetDeviceCount():
    return (_OK, gpus()) if gpus() else (cudaError_t.cudaErrorInsufficientDriver, 0)


def cudaGetErrorString(error):
    return _OK, _TEXTS[error]


def cudaSetDevice(number):
    return (_OK if number < gpus() else cudaError_t.cudaErrorInsufficientDriver,)


def cudaGetDeviceProperties(number):
    name = os.environ.get("MADE_UP_GPU", "Made-up GPU")
    major, minor = os.environ.get("MADE_UP_SM", "9.0").split(".")
    return _OK, SimpleNamespace(name=name.encode(), major=int(major), minor=int(minor))


def _allocate(size):
    memory = ctypes.create_string_buffer(size)
    held[ctypes.addressof(memory)] = memory
    return _OK, ctypes.addressof(memory)


def cudaMalloc(size):
    if size + sum(map(len, held.values())) > int(os.environ.get("MADE_UP_MEMORY", 1 << 30)):
        return cudaError_t.cudaErrorMemoryAllocation, None
    return _allocate(size)


cudaMallocHost = _allocate


def cudaFree(address):
    del held[address]
    return (_OK,)


cudaFreeHost = cudaFree


def cudaMemcpyAsync(target, source, size, kind, stream):
    counts["copies"] += 1
    enqueue(stream, lambda: ctypes.memmove(target, source, size))
    return (_OK,)


def cudaStreamCreateWithFlags(flags):
    return _OK, next(_numbers)


def cudaStreamDestroy(stream):
    return (_OK,)


def cudaStreamSynchronize(stream):
    assert stream not in captured, "a stream that is captured cannot be waited for"
    return (_OK,)


def cudaStreamBeginCapture(stream, mode):
    counts["captures"] += 1
    captured[stream] = []
    return (_OK,)


def cudaStreamEndCapture(stream):
    return _OK, captured.pop(stream)


def cudaGraphInstantiate(graph, flags):
    return _OK, list(graph)


def cudaGraphLaunch(graph, stream):
    counts["launches"] += 1
    for work in graph:
        work()
    return (_OK,)


def cudaGraphDestroy(graph):
    return (_OK,)


def cudaGraphExecDestroy(graph):
    return (_OK,)
