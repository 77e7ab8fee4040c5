"""What all tests share: where the shared real data lies, and when its absence is an error."""

import os
import signal
from pathlib import Path

import posetrack  # noqa: F401 - the installed package, before pytest sees the source tree's root
import pytest
from made_up_tensorrt import tensorrt_machine as tensorrt_machine  # a fixture

SHARED = Path(__file__).resolve().parents[2] / "shared"
CLIPS = Path(__file__).parent / "data" / "clips"

# What a shell runs in the background ignores Ctrl-C, and what nohup runs SIGHUP: the tests of
# interrupts send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """Tests marked `cuda` need a GPU; without one they are skipped, or fail if required."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if marked and os.environ.get("POSETRACK_REQUIRE_CUDA") != "1" and not _has_gpu():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no GPU"))


def _has_gpu():
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def shared():
    """The folder of shared real data; without it the test is skipped, or fails if required."""
    if not SHARED.is_dir():
        message = f"no shared data at {SHARED}"
        if os.environ.get("POSETRACK_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return SHARED


@pytest.fixture(scope="session")
def clips():
    """The folder of real clips that the repository carries."""
    return CLIPS
