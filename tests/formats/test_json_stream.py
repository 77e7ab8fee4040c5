"""Streaming of JSON: the same values as `json`, one at a time, and where a file is wrong."""

import json

import pytest
from posetrack.formats import json_stream
from posetrack.formats.json_stream import json_items
from posetrack.structures import ResultFileError


@pytest.fixture(params=[1, 2, 7, 1 << 20])
def write(request, tmp_path, monkeypatch):
    """Writes a file that is read in chunks of some size."""
    monkeypatch.setattr(json_stream, "_CHUNK", request.param)

    def write(text):
        path = tmp_path / "file.json"
        path.write_text(text, encoding="utf-8")
        return path

    return write


DOCUMENT = {"a": [1, -2.5e3, "x,]", {"b": [1, [2]]}], "c": {"d": None}, "e": [], "f": 12345}


@pytest.mark.parametrize("indent", [None, 2])
def test_items_are_those_of_the_document(write, indent):
    items = list(json_items(write(json.dumps(DOCUMENT, indent=indent) + "\n")))
    assert [item for item in items if item.key == "a"] == [
        ("a", i, value) for i, value in enumerate(DOCUMENT["a"])
    ]
    assert items[-2:] == [("c", -1, {"d": None}), ("f", -1, 12345)]
    assert items[1].place == "a[1]"


def test_an_array_has_elements_without_key(write):
    items = list(json_items(write("[10, 20.5, 30]")))
    assert [tuple(item) for item in items] == [("", 0, 10), ("", 1, 20.5), ("", 2, 30)]
    assert items[0].place == "element[0]"


@pytest.mark.parametrize("text", ["[]", "{}", '{"a": []}'])
def test_empty_documents_have_no_items(write, text):
    assert list(json_items(write(text))) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [{"b": 1}, {"b"', r"at a\[1\]: the file ends too early"),
        ('{"a": [{"b": 1}, "x', r"at a\[1\]: the file ends too early"),
        ('{"a": [{"b": 1}', r"at a\[0\]: the file ends too early"),
        ('{"a": [1, 2', r"at a\[1\]: the file ends too early"),
        ('{"a": [1], ', r"at a\[0\]: the file ends too early"),
        ("", "at the start: the document must be a JSON object or array"),
        ("7", "the document must be a JSON object or array"),
        ('{"a": [1 2]}', r"at a\[0\]: not JSON: ',' must follow, got '2'"),
        ('{"a": [x]}', r"at a\[0\]: not JSON"),
        ('{"a": [NaN]}', r"at a\[0\]: NaN is not a number"),
        ("{1: 2}", "a key must be a string"),
        ("[] []", "nothing may follow the document"),
        ('{"a": [1, ' + "[" * 100_000, r"file\.json: at a\[1\]: .*recursion"),
        ('{"a": [1, ' + "9" * 5000 + "]}", r"file\.json: at a\[1\]: .*digits"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(write, text, message):
    with pytest.raises(ResultFileError, match=message):
        list(json_items(write(text)))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ResultFileError, match=r"file\.json: not text in UTF-8"):
        list(json_items(path))
