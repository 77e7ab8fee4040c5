"""PyTorch as a backend: arrays in, arrays out, for networks and their companions."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from posetrack.models.companions import companions_of
from posetrack.models.export_wrapper import ExportWrapper
from posetrack.models.torch_session import TorchSession
from posetrack.structures import (
    BackendError,
    DeviceSession,
    ModelSpec,
    Session,
    SessionOptions,
)

from .bottom_up import FACE, narrow
from .network_checks import randomise


@pytest.fixture
def network():
    """A narrow LOGO-CAP with weights that show in its heads, and its spec."""
    network, spec = narrow("logocap", FACE)
    return randomise(network), spec


def images(count=2, height=64, width=96):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)


def test_network_is_run_as_an_exported_file_would_run_it(network):
    session = TorchSession.of_network(*network)
    assert isinstance(session, Session)
    assert (session.backend, session.precision) == ("torch", "fp32")
    assert ModelSpec.from_json(session.spec_json) == network[1]
    heads = session.run({"image": images()})
    assert list(heads) == list(session.outputs) == ["heatmap", "offset", "embedding"]
    with torch.no_grad():
        expected = ExportWrapper(*network)(torch.from_numpy(images()))
    for head, tensor in zip(heads.values(), expected, strict=True):
        assert head.dtype == np.float32
        assert np.ptp(head) > 0.01
        np.testing.assert_array_equal(head, tensor.numpy())


def test_companion_is_run_by_the_name_of_its_output(network):
    companion = companions_of(*network)["refine"]
    session = TorchSession.of_companion(companion)
    assert (session.inputs, session.outputs) == (("features",), ("kernels",))
    assert session.spec_json is None
    features = np.random.default_rng(0).normal(size=(5, *companion.feature_shape))
    features = features.astype(np.float32)
    with torch.no_grad():
        expected = network[0].joints_mlp(torch.from_numpy(features)).numpy()
    np.testing.assert_array_equal(session.run({"features": features})["kernels"], expected)


def test_arrays_stay_where_the_network_runs(network):
    session = TorchSession.of_network(*network)
    assert isinstance(session, DeviceSession)
    expected = session.run({"image": images(1)})
    heads = session.run_on_device({"image": images(1)})
    assert all(isinstance(head, np.ndarray) for head in heads.values())
    heads = session._tensors({"image": torch.from_numpy(images(1))})
    for name, head in heads.items():
        assert head.is_contiguous()
        np.testing.assert_array_equal(head.numpy(), expected[name])


@pytest.mark.cuda
def test_arrays_stay_on_the_gpu(network):
    session = TorchSession.of_network(*network, SessionOptions(device="cuda:0"))
    heads = session.run_on_device({"image": torch.from_numpy(images(1)).cuda()})
    expected = session.run({"image": images(1)})
    for name, head in heads.items():
        assert head.device == torch.device("cuda:0")
        np.testing.assert_array_equal(head.cpu().numpy(), expected[name])


def test_network_in_training_is_evaluated(network):
    trained = TorchSession.of_network(network[0].train(), network[1])
    assert not network[0].training
    one = trained.run({"image": images(1)})["heatmap"]
    np.testing.assert_array_equal(trained.run({"image": images(1)})["heatmap"], one)


def test_slices_of_arrays_are_taken(network):
    session = TorchSession.of_network(*network)
    wide = images(1, 64, 192)
    whole = session.run({"image": wide[:, :, ::2].copy()})["offset"]
    np.testing.assert_array_equal(session.run({"image": wide[:, :, ::2]})["offset"], whole)


def test_several_threads_may_run_it_at_once(network):
    session = TorchSession.of_network(*network)
    batches = [images(1, 32 * side, 64) for side in (1, 2, 3, 4)]
    alone = [session.run({"image": batch})["heatmap"] for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            together = list(threads.map(lambda batch: session.run({"image": batch}), batches))
            for heads, expected in zip(together, alone, strict=True):
                np.testing.assert_allclose(heads["heatmap"], expected, rtol=1e-4, atol=1e-5)


def test_threads_of_torch_are_set_if_given(network):
    before = torch.get_num_threads()
    try:
        TorchSession.of_network(*network, SessionOptions(threads=before + 1))
        assert torch.get_num_threads() == before + 1
        TorchSession.of_network(*network)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_session_refuses_what_the_network_does_not_take():
    double = TorchSession(torch.nn.Identity(), "features", (np.float32, (None, 2)), ("scores",))
    values = np.float32([[1, 2]])
    np.testing.assert_array_equal(double.run({"features": values})["scores"], values)
    with pytest.raises(ValueError, match=r"the network takes \['features'\], got \['image'\]"):
        double.run({"image": values})
    with pytest.raises(ValueError, match=r"features must be float32 of shape \(any, 2\), got"):
        double.run({"features": values.astype(np.float64)})
    with pytest.raises(ValueError, match=r"features must be .*, got float32 of shape \(2,\)"):
        double.run({"features": values[0]})
    double.close()
    with pytest.raises(RuntimeError, match="the session is closed"):
        double.run({"features": values})


@pytest.mark.parametrize("gpus", [0, 1])
def test_gpu_that_torch_does_not_see_is_refused(monkeypatch, network, gpus):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(BackendError, match=r"device cuda:1 was asked for and torch \S+ "):
        TorchSession.of_network(*network, SessionOptions("torch", "cuda:1"))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"backend": "openvino"}, ValueError, "weights run in torch, not in openvino"),
        ({"precision": "bf16"}, BackendError, "torch computes in fp32 here, not in bf16"),
    ],
)
def test_what_torch_does_not_do_here_is_refused(network, options, kind, message):
    with pytest.raises(kind, match=message):
        TorchSession.of_network(*network, SessionOptions(**options))
