"""Weight files: plain named arrays, and nothing that would run code."""

import re

import numpy as np
import pytest
import torch
from posetrack.models import read_weights


def assert_refused(path):
    message = f"{path} is not a readable .npz file of plain arrays: "
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        read_weights(path)


def test_arrays_come_back_under_their_names(tmp_path):
    path = tmp_path / "a.npz"
    half = np.float16([[0.1, -2], [65504, 6e-8]])
    np.savez(path, **{"head.center.bias": half, "steps": np.int64(7), "wide": np.float64([0.1])})
    weights = read_weights(path)
    assert list(weights) == ["head.center.bias", "steps", "wide"]
    assert torch.equal(weights["head.center.bias"], torch.from_numpy(half.astype(np.float32)))
    assert weights["steps"] == 7


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_come_as_float32_and_integers_as_they_are(tmp_path, dtype):
    path = tmp_path / "a.npz"
    np.savez(path, floats=np.zeros(3, dtype), integers=np.zeros(3, np.int32))
    weights = read_weights(path)
    assert weights["floats"].dtype == torch.float32
    assert weights["integers"].dtype == torch.int32


def test_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "missing.npz"
    with pytest.raises(FileNotFoundError, match=re.escape(f"there is no weight file {path}")):
        read_weights(path)


def test_folder_is_no_weight_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no weight file"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"weights", b"PK\x03\x04" + bytes(40), b"\x80\x04K\x01."],
    ids=["empty", "text", "zip without content", "pickle"],
)
def test_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert_refused(path)


def test_single_array_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3, np.float32))
    assert_refused(path)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_file_cut_short_is_refused(tmp_path, keep):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, weight=np.random.default_rng(0).normal(size=1000))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert_refused(path)


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, weight=np.random.default_rng(0).normal(size=1000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert_refused(path)


class Trap:
    """Unpickled, it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_array_of_objects_is_refused_and_not_unpickled(tmp_path):
    path, trap = tmp_path / "a.npz", tmp_path / "trap"
    np.savez(path, weight=np.array([Trap(trap)], dtype=object))
    assert_refused(path)
    assert not trap.exists()


def test_array_of_texts_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, weight=np.array(["a", "b"]))
    assert_refused(path)
