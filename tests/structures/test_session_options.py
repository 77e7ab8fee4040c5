"""SessionOptions: devices and numbers, checked once."""

import re

import pytest
from posetrack.structures import SessionOptions


@pytest.mark.parametrize(
    ("device", "kind", "gpu"),
    [("auto", "auto", None), ("cpu", "cpu", None), ("cuda", "cuda", 0), ("cuda:12", "cuda", 12)],
)
def test_device_is_a_kind_and_a_number(device, kind, gpu):
    options = SessionOptions(device=device)
    assert (options.device_kind, options.gpu) == (kind, gpu)


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:-1", "CUDA", "cpu:0", "", "cuda:1 "])
def test_device_of_another_form_is_refused_with_the_choice(device):
    message = f"device must be auto, cpu, cuda or cuda:n such as cuda:1, got {device!r}"
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        SessionOptions(device=device)


@pytest.mark.parametrize("counts", [{"threads": -1}, {"parallel": 0}, {"parallel": -2}])
def test_counts_out_of_range_are_refused(counts):
    with pytest.raises(ValueError, match="threads must be at least 0 and parallel at least 1"):
        SessionOptions(**counts)
