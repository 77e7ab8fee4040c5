"""A device that is none: arrays that only kernels, and what torch can do, may touch.

What a decoder asks of an array that NumPy alone could answer, a `DeviceArray` refuses.
"""

from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from posetrack.kernels import call, devices, transfer

from ..kernels.places import host_library

_NUMBERS = (int, float, bool)


class DeviceArray:
    """An array that lies elsewhere; operators and slices are torch's and NumPy's common ones."""

    __array_ufunc__ = None  # NumPy refuses it as an operand
    __hash__ = None

    def __init__(self, values):
        self.values = values

    shape = property(lambda self: self.values.shape)
    dtype = property(lambda self: self.values.dtype)
    ndim = property(lambda self: self.values.ndim)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return DeviceArray(self.values[_checked(index)])

    def __setitem__(self, index, value):
        self.values[_checked(index)] = _operand(value)

    def reshape(self, *shape):
        return DeviceArray(self.values.reshape(*shape))

    def clip(self, *limits):
        return DeviceArray(self.values.clip(*limits))

    def sum(self, *, axis, keepdims=False):
        return DeviceArray(self.values.sum(axis=axis, keepdims=keepdims))

    def _refuse(self, *_, **__):
        raise AssertionError("an array of the device was read on the host")

    __array__ = __iter__ = __bool__ = __int__ = __float__ = __index__ = _refuse


def _checked(index):
    """Slices, numbers and lists as torch takes them."""
    for part in index if isinstance(index, tuple) else (index,):
        fine = part is None or part is Ellipsis or isinstance(part, (int, list))
        assert fine or (isinstance(part, slice) and (part.step or 1) > 0), part
    return index


def _operand(value):
    assert isinstance(value, (DeviceArray, *_NUMBERS)), value
    assert not isinstance(value, np.generic), f"{value!r} would ask a tensor for its values"
    return value.values if isinstance(value, DeviceArray) else value


def _operator(name):
    def apply(self, other):
        result = getattr(self.values, name)(_operand(other))
        return self if result is self.values else DeviceArray(result)

    return apply


for _name in (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "pow"),
    *("iadd", "itruediv", "gt", "ge", "lt", "le", "and", "or"),
):
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))


class Device(devices.Cpu):
    """Where the arrays lie.

    Args:
        twin: `cpu`, or `cuda` for the CUDA twins compiled for the host.
    """

    name = "make-believe"

    def __init__(self, twin="cpu"):
        self.twin = twin
        self.waits = self.calls = 0
        self._grids_before = self._grids_run()

    def _grids_run(self):
        return host_library()._native.grids_run() if self.twin == "cuda" else 0

    @property
    def grids(self):
        """Launches of the CUDA twins on this device."""
        return self._grids_run() - self._grids_before

    @property
    def library(self):
        return host_library() if self.twin == "cuda" else super().library

    def empty(self, shape, dtype):
        return DeviceArray(np.full(shape, 77, dtype))  # what was there before

    def layout(self, array):
        return super().layout(array.values)

    def address(self, array):
        return super().address(array.values)

    def call(self, kernel, values):
        self.calls += 1
        self.library.call(kernel, (*values, None) if self.twin == "cuda" else values)

    def put(self, array):
        return DeviceArray(array.copy())

    def fetch(self, arrays):
        self.waits += 1
        return [array.values for array in arrays]

    def concatenate(self, arrays, axis):
        return DeviceArray(np.concatenate([array.values for array in arrays], axis))


@contextmanager
def on_device(twin="cpu"):
    """Kernels take `DeviceArray`s; yields the `Device`, which counts waits, calls and grids."""
    device = Device(twin)

    def device_of(arrays):
        on_it = [isinstance(array, DeviceArray) for array in arrays.values()]
        assert all(on_it) or not any(on_it), f"{sorted(arrays)} lie on two devices"
        return device if any(on_it) else devices.CPU

    with patch.object(call, "device_of", device_of), patch.object(transfer, "device_of", device_of):
        yield device


class OnDevice:
    """A session that leaves what another one returns on the device."""

    backend, device, precision = "fake", "make-believe", "fp32"

    def __init__(self, session):
        self._session = session
        self.inputs = getattr(session, "inputs", ("features",))
        self.outputs = getattr(session, "outputs", ())
        self.spec_json = None

    def run(self, arrays):
        return self._session.run(arrays)

    def run_on_device(self, arrays):
        seen = {n: a.values if isinstance(a, DeviceArray) else a for n, a in arrays.items()}
        return {name: DeviceArray(np.array(a)) for name, a in self._session.run(seen).items()}

    def close(self):
        self._session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
