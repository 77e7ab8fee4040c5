"""What was made of the items before an error comes before the error."""

import pytest
from posetrack.structures.errors_last import ErrorsLast


def items(closed, fails=True):
    try:
        yield from range(3)
        if fails:
            raise ValueError("cut short")
    finally:
        closed.append(True)


def test_error_waits_until_it_is_asked_for():
    source = ErrorsLast(items([]))
    assert list(source) == [0, 1, 2]
    with pytest.raises(ValueError, match="cut short"):
        source.raise_error()


def test_what_ends_well_raises_nothing():
    source = ErrorsLast(items([], fails=False))
    assert list(source) == [0, 1, 2]
    source.raise_error()
    assert list(ErrorsLast([4, 5])) == [4, 5]


def test_generator_is_closed_at_once():
    closed = []
    with ErrorsLast(items(closed)) as source:
        assert next(source) == 0
        assert closed == []
    assert closed == [True]
