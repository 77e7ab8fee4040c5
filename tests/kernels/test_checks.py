"""What kernels say of options before they run."""

import numpy as np
import pytest
from posetrack.kernels.checks import check_at_least, choice


@pytest.mark.parametrize(
    ("got", "message"),
    [
        (-1, "x must be at least 2, got -1"),
        (np.nan, "x must be at least 2, got nan"),
        ((3, 1), r"x must be at least 2, got \(3, 1\)"),
    ],
)
def test_limits_are_named(got, message):
    with pytest.raises(ValueError, match=message):
        check_at_least("x", got, 2)
    check_at_least("x", 3, 2)


def test_choices_are_named():
    assert choice("rule", "floor", {"round": 0, "floor": 1}) == 1
    with pytest.raises(ValueError, match="rule must be one of round, floor, got 'up'"):
        choice("rule", "up", {"round": 0, "floor": 1})
