"""Fields of JSON objects: what is no number is refused with its place."""

from pathlib import Path

import pytest
from posetrack.formats.annotation_fields import Fields
from posetrack.structures import ResultFileError


@pytest.mark.parametrize("value", [float("inf"), 10**400, True, "1", [1]])
@pytest.mark.parametrize("read", [Fields.integer, Fields.number])
def test_what_is_no_number_is_refused(read, value):
    fields = Fields(Path("file.json"), "images[3]", {"id": value})
    with pytest.raises(ResultFileError, match=r"file\.json: images\[3\]: id must be a .*, got "):
        read(fields, "id")


@pytest.mark.parametrize("value", [2.5, 1 << 63, -(1 << 63)])
def test_a_whole_number_has_64_bits(value):
    with pytest.raises(ResultFileError, match="id must be a whole number"):
        Fields(Path("file.json"), "images[3]", {"id": value}).integer("id")


def test_numbers_are_read():
    fields = Fields(Path("file.json"), "images[3]", {"id": 3.0, "score": -1, "none": None})
    assert (fields.integer("id"), fields.number("score")) == (3, -1.0)
    assert fields.number("none") != fields.number("none")
    assert fields.number("missing") != 0
