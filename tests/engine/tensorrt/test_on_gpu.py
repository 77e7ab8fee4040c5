"""Memory, streams and graphs of a true GPU, by each library that is installed."""

import numpy as np
import pytest
from posetrack.engine.tensorrt import buffers

pytestmark = pytest.mark.cuda


@pytest.fixture(params=list(buffers._LIBRARIES))
def opened(request, monkeypatch):
    if not buffers._is_installed(buffers._LIBRARIES[request.param][0]):
        pytest.skip(f"{request.param} is not installed")
    only = {request.param: buffers._LIBRARIES[request.param]}
    monkeypatch.setattr(buffers, "_LIBRARIES", only)
    return buffers.open_buffers(0)


def test_the_card_is_described(opened):
    assert opened.gpu.name
    assert float(opened.gpu.sm) >= 6.0
    assert float(buffers.cuda_version()) >= 11.0


def test_arrays_go_there_and_back(opened):
    values = np.random.default_rng(0).integers(0, 256, (3, 5, 7), np.uint8)
    with opened.current():
        stream, memory = opened.stream(), opened.memory(values.nbytes)
        there, back = opened.pinned(values.shape, np.uint8), opened.pinned(values.shape, np.uint8)
        there[...] = values
        opened.to_gpu(memory, there, stream)
        opened.to_host(back, memory, stream)
        opened.wait(stream)
    np.testing.assert_array_equal(back, values)


def test_a_graph_does_its_work_again(opened):
    with opened.current():
        stream, memory = opened.stream(), opened.memory(64)
        there, back = opened.pinned((16,), np.float32), opened.pinned((16,), np.float32)

        def work():
            opened.to_gpu(memory, there, stream)
            opened.to_host(back, memory, stream)

        work()
        opened.wait(stream)
        graph = opened.recorded(stream, work) or work
        for value in range(3):
            there[...] = value
            graph()
            opened.wait(stream)
            np.testing.assert_array_equal(back, value)


def test_tensors_are_taken_in_and_handed_out(opened):
    if not hasattr(opened, "hand_out"):
        pytest.skip("its arrays are none that kernels take")
    import torch

    given = torch.rand(3, 16, device="cuda")
    with opened.current():
        stream, memory = opened.stream(), opened.memory(given.numel() * 4)
        opened.take_in(memory, given, stream)
        handed = opened.hand_out(memory, (2, 16), np.float32, stream)
    assert handed.is_cuda
    np.testing.assert_array_equal(handed.cpu().numpy(), given[:2].cpu().numpy())
