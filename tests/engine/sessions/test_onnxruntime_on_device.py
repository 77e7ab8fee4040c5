"""ONNX Runtime's arrays on a GPU, told by a made-up one."""

import sys
import types

import numpy as np
import pytest
from posetrack.engine import model_path, open_session
from posetrack.structures import DeviceSession, SessionOptions

PATH = model_path("movenet-multipose")


class MadeUpBinding:
    """Remembers what was bound; its outputs are their names."""

    def __init__(self):
        self.bound, self.wanted = {}, []

    def bind_cpu_input(self, name, array):
        self.bound[name] = array

    def bind_input(self, name, *place):
        self.bound[name] = place

    def bind_output(self, name, kind, index):
        self.wanted.append((name, kind, index))

    def get_outputs(self):
        return [name for name, _, _ in self.wanted]


@pytest.mark.parametrize("lies_there", [False, True])
def test_onnxruntime_reads_and_leaves_arrays_on_the_gpu(monkeypatch, lies_there):
    """Told by a made-up GPU: which memory is bound, and that torch's work is waited for first."""
    binding, story = MadeUpBinding(), []
    stream = types.SimpleNamespace(synchronize=lambda: story.append("waited"))
    torch = types.SimpleNamespace(
        cuda=types.SimpleNamespace(current_stream=lambda device: {1: stream}[device]),
        from_dlpack=lambda value: f"tensor of {value}",
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    image = np.zeros((1, 64, 64, 3), np.uint8)
    if lies_there:
        image = types.SimpleNamespace(
            dtype="torch.uint8", ndim=4, shape=image.shape, data_ptr=lambda: 4096
        )
    with open_session(PATH, SessionOptions(backend="onnxruntime")) as session:
        session.device = "cuda:1"
        session._session = types.SimpleNamespace(
            io_binding=lambda: binding, run_with_iobinding=lambda _: story.append("ran")
        )
        heads = session.run_on_device({"image": image})
        assert heads == {name: f"tensor of {name}" for name in session.outputs}
        assert binding.wanted == [(name, "cuda", 1) for name in session.outputs]
    where = ("cuda", 1, np.uint8, (1, 64, 64, 3), 4096) if lies_there else image
    assert binding.bound["image"] is where or binding.bound["image"] == where
    assert story == ["waited", "ran"]


def test_onnxruntime_on_the_cpu_has_nothing_to_leave_there():
    image = np.full((1, 64, 64, 3), 128, np.uint8)
    with open_session(PATH, SessionOptions(backend="onnxruntime")) as session:
        assert isinstance(session, DeviceSession)
        expected = session.run({"image": image})
        for name, head in session.run_on_device({"image": image}).items():
            np.testing.assert_array_equal(head, expected[name])
