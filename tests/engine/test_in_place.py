"""Where what a session returns is read: on its device, or on the host if that is the only way."""

import numpy as np
import pytest
from posetrack.engine import in_place as in_place_module
from posetrack.engine.in_place import in_place

from .make_believe import DeviceArray, OnDevice, on_device

FEATURES = np.float32([[1, 2], [3, 4]])


class Doubling:
    """A session on the host."""

    backend, device, precision = "fake", "cpu", "fp32"
    inputs, outputs, spec_json = ("features",), ("scores",), None

    def run(self, arrays):
        assert isinstance(arrays["features"], np.ndarray)
        return {"scores": 2 * arrays["features"]}


def test_session_of_the_device_leaves_its_outputs_there():
    with on_device() as device:
        scores = in_place(OnDevice(Doubling()))({"features": DeviceArray(FEATURES)})["scores"]
    np.testing.assert_array_equal(scores.values, 2 * FEATURES)
    assert device.waits == 0


def test_arrays_go_through_the_host_to_a_session_that_runs_there():
    with on_device() as device:
        scores = in_place(Doubling())({"features": DeviceArray(FEATURES)})["scores"]
    np.testing.assert_array_equal(scores.values, 2 * FEATURES)
    assert device.waits == 1


@pytest.mark.parametrize("built", [False, True])
def test_without_kernels_for_a_gpu_heads_are_decoded_on_the_host(monkeypatch, built):
    monkeypatch.setattr(in_place_module, "is_built", lambda twin: {"cuda": built}[twin])
    session = OnDevice(Doubling())
    session.device = "cuda:0"
    scores = in_place(session)({"features": FEATURES})["scores"]
    assert isinstance(scores, DeviceArray if built else np.ndarray)
