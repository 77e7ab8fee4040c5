"""What the engine's tests share: the model that ships, loaded once, and real frames."""

import av
import pytest
from posetrack.engine import PoseEngine
from posetrack.structures import SessionOptions

from ..models.published import EXTRACT, read_arrays


@pytest.fixture(scope="session")
def engine():
    """The model that ships, on ONNX Runtime."""
    with PoseEngine.load(session=SessionOptions(backend="onnxruntime", parallel=2)) as engine:
        yield engine


@pytest.fixture(scope="session")
def spec(engine):
    return engine.spec


@pytest.fixture(scope="session")
def frame(clips):
    """A frame (270, 480, 3) of a real clip: two people walk towards the camera."""
    with av.open(str(clips / "face-demographics-walking.mp4")) as container:
        frames = list(container.decode(video=0))
    return frames[17].to_ndarray(format="rgb24")


@pytest.fixture(scope="session")
def whole_cells(frame):
    """A cut of the frame that is the network's input as it is: (256, 448, 3)."""
    return frame[7:263, 16:464].copy()


@pytest.fixture(scope="session")
def extract():
    """Heads and official poses of the published graph."""
    return read_arrays(EXTRACT)
