"""Who catches by kind, and who catches everything of posetrack, both find their errors."""

import posetrack
import pytest
from posetrack.structures import errors


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ModelFileError", ValueError),
        ("CheckpointError", ValueError),
        ("SourceError", ValueError),
        ("BackendError", RuntimeError),
    ],
)
def test_every_error_is_one_of_posetrack_and_one_of_pythons(name, kind):
    error = getattr(posetrack, name)
    assert error is getattr(errors, name)
    assert issubclass(error, posetrack.PosetrackError)
    assert issubclass(error, kind)
