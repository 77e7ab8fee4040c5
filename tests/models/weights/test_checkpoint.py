"""Weight files: plain named tensors in any wrapping, and nothing that would run code."""

import collections
import pickle
import re
import zipfile

import numpy as np
import pytest
import torch
from posetrack.models.weights.checkpoint import read_checkpoint, read_weights
from safetensors.torch import save_file
from torch import nn

WEIGHTS = {
    "conv.weight": torch.arange(6.0).reshape(2, 3),
    "bn.num_batches_tracked": torch.tensor(7),
}


@pytest.fixture(params=["zip", "legacy"])
def save(request):
    """torch.save in both of the formats that it ever wrote."""

    def write(content, path):
        torch.save(content, path, _use_new_zipfile_serialization=request.param == "zip")
        return path

    return write


def assert_refused(path, message):
    with pytest.raises(ValueError, match="^" + re.escape(str(path) + message)):
        read_weights(path)


def assert_holds_weights(checkpoint):
    assert list(checkpoint.weights) == list(WEIGHTS)
    for name, tensor in WEIGHTS.items():
        assert torch.equal(checkpoint.weights[name], tensor), name


# ---- formats


def test_arrays_come_back_under_their_names(tmp_path):
    path = tmp_path / "a.npz"
    half = np.float16([[0.1, -2], [65504, 6e-8]])
    np.savez(path, **{"head.center.bias": half, "steps": np.int64(7), "wide": np.float64([0.1])})
    weights = read_weights(path)
    assert list(weights) == ["head.center.bias", "steps", "wide"]
    assert torch.equal(weights["head.center.bias"], torch.from_numpy(half.astype(np.float32)))
    assert weights["steps"] == 7
    assert read_checkpoint(path).file_format == "npz"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_come_as_float32_and_integers_as_they_are(tmp_path, dtype):
    path = tmp_path / "a.npz"
    np.savez(path, floats=np.zeros(3, dtype), integers=np.zeros(3, np.int32))
    weights = read_weights(path)
    assert weights["floats"].dtype == torch.float32
    assert weights["integers"].dtype == torch.int32


def test_flat_file_of_either_torch_format_is_read(tmp_path, save):
    checkpoint = read_checkpoint(save(WEIGHTS, tmp_path / "a.pth"))
    assert_holds_weights(checkpoint)
    assert checkpoint.file_format == "pytorch"
    assert checkpoint.wrapper == ()


def test_half_precision_checkpoint_comes_as_float32(tmp_path, save):
    path = save(
        {"a": torch.tensor([0.1]).half(), "b": torch.tensor([3e38]).bfloat16()}, tmp_path / "a"
    )
    weights = read_weights(path)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    assert weights["a"] == np.float32(np.float16(0.1))


def test_safetensors_file_is_read(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file(WEIGHTS, path, metadata={"format": "pt"})
    checkpoint = read_checkpoint(path)
    assert set(checkpoint.weights) == set(WEIGHTS)
    assert torch.equal(checkpoint.weights["conv.weight"], WEIGHTS["conv.weight"])
    assert checkpoint.file_format == "safetensors"


def test_content_and_not_the_suffix_decides(tmp_path):
    torch.save(WEIGHTS, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=np.zeros(2))
    (tmp_path / "b.npz").rename(tmp_path / "b.pth.tar")
    assert read_checkpoint(tmp_path / "a.npz").file_format == "pytorch"
    assert read_checkpoint(tmp_path / "b.pth.tar").file_format == "npz"


# ---- wrapping


@pytest.mark.parametrize(
    "key", ["state_dict", "best_state_dict", "network", "model_state_dict", "model_state", "model"]
)
def test_wrapped_weights_are_found_and_module_is_stripped(tmp_path, save, key):
    parallel = {f"module.{name}": tensor for name, tensor in WEIGHTS.items()}
    checkpoint = read_checkpoint(save({"epoch": 3, key: parallel}, tmp_path / "a.pth"))
    assert_holds_weights(checkpoint)
    assert checkpoint.wrapper == (key, "module.")


def test_checkpoint_of_a_whole_training_run_is_read(tmp_path, save):
    """As HRNet's scripts write it: numbers of NumPy, the optimizer, a schedule."""
    network = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    content = {
        "epoch": 140,
        "model": "pose_hrnet",
        "state_dict": {f"module.{name}": t for name, t in network.state_dict().items()},
        "best_state_dict": network.state_dict(),
        "perf": np.float64(0.678),
        "losses": [np.float32(1.5), np.int64(2), np.bool_(True)],
        "optimizer": optimizer.state_dict(),
        "scheduler": {"milestones": collections.Counter([90, 120])},
    }
    checkpoint = read_checkpoint(save(content, tmp_path / "checkpoint.pth.tar"))
    assert checkpoint.wrapper == ("state_dict", "module.")
    assert torch.equal(checkpoint.weights["weight"], network.weight)


def test_number_written_by_numpy_1_is_read(tmp_path):
    """NumPy 2 calls the module of its scalars differently; old checkpoints keep the old name."""
    path = tmp_path / "a.pth"
    torch.save({"perf": np.float64(0.5), "state_dict": WEIGHTS}, path)
    old = tmp_path / "old.pth"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(old, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            target.writestr(item, content.replace(b"numpy._core.multi", b"numpy.core.multi"))
    assert b"numpy.core.multiarray" in old.read_bytes()
    assert_holds_weights(read_checkpoint(old))


def test_module_within_a_name_stays(tmp_path, save):
    weights = {"module.a": torch.zeros(1), "b.module.c": torch.zeros(1)}
    checkpoint = read_checkpoint(save(weights, tmp_path / "a.pth"))
    assert list(checkpoint.weights) == ["module.a", "b.module.c"]
    assert checkpoint.wrapper == ()


@pytest.mark.parametrize(
    ("content", "held"),
    [
        ({"epoch": 3, "optimizer": {"lr": 0.1}}, "it holds epoch, optimizer"),
        ({str(i): i for i in range(8)}, "it holds 0, 1, 2, 3, 4 and 3 more"),
        (torch.zeros(3), "it holds one Tensor"),
        ({}, "it holds nothing"),
        ({"state_dict": {}}, "it holds nothing"),
        ({"state_dict": {"a": [1, 2]}}, "it holds a"),
    ],
)
def test_file_without_named_tensors_says_what_it_holds(tmp_path, save, content, held):
    path = save(content, tmp_path / "a.pth")
    with pytest.raises(ValueError, match=re.escape(held)):
        read_weights(path)


# ---- not weights


def test_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "missing.npz"
    with pytest.raises(FileNotFoundError, match=re.escape(f"there is no weight file {path}")):
        read_weights(path)


def test_folder_is_no_weight_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no weight file"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " is empty"),
        (b"weights", " holds no weights: it must be an .npz file, a PyTorch checkpoint or"),
        (b"\n<!DOCTYPE html><p>Sign in", " is a web page: download the file itself"),
        (b"PK\x03\x04" + bytes(40), " is not a readable .npz file of plain arrays: "),
        (b"\x80\x04K\x01.", " is not a readable PyTorch checkpoint, cut short or damaged: "),
        (b"\x80\x02", " is not a readable PyTorch checkpoint, cut short or damaged: "),
        (b"\x10" + bytes(7) + b'{"a":3}         ', " is not a readable .safetensors file: "),
    ],
    ids=["empty", "text", "web page", "zip without content", "pickle", "start", "safetensors"],
)
def test_file_of_something_else_is_refused(tmp_path, content, message):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    assert_refused(path, message)


def test_single_array_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3, np.float32))
    assert_refused(path, " holds no weights")


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.9, 0.99])
def test_file_cut_short_is_refused(tmp_path, save, keep):
    weights = {"weight": torch.from_numpy(np.random.default_rng(0).normal(size=1000))}
    np.savez_compressed(tmp_path / "a.npz", **{n: t.numpy() for n, t in weights.items()})
    save_file(weights, tmp_path / "a.safetensors")
    save(weights, tmp_path / "a.pth")
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * keep)])
        kind = {".npz": ".npz file", ".pth": "PyTorch checkpoint"}.get(path.suffix, path.suffix)
        assert_refused(path, f" is not a readable {kind}")


@pytest.mark.parametrize("name", ["a.npz", "a.pth"])
def test_one_wrong_bit_is_noticed(tmp_path, name):
    path = tmp_path / name
    values = np.random.default_rng(0).normal(size=1000)
    if name == "a.npz":
        np.savez(path, weight=values)
    else:
        torch.save({"weight": torch.from_numpy(values)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(values[500:501].tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a readable"):
        read_weights(path)


# ---- code


class Trap:
    """Unpickled, it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickle_with_code_is_refused_by_name_and_not_run(tmp_path, save):
    trap = tmp_path / "trap"
    path = save({"state_dict": WEIGHTS, "callback": Trap(trap)}, tmp_path / "a.pth")
    assert_refused(path, " holds more than weights: reading it would run code, io.open of Python")
    assert not trap.exists()


def test_bare_pickle_with_code_is_not_run(tmp_path):
    path, trap = tmp_path / "a.pth", tmp_path / "trap"
    path.write_bytes(pickle.dumps(Trap(trap), protocol=2))
    with pytest.raises(ValueError, match=r"would run code, io\.open"):
        read_weights(path)
    assert not trap.exists()


def test_saved_module_is_refused_by_the_class_it_needs(tmp_path, save):
    path = save(nn.Linear(2, 2), tmp_path / "a.pth")
    assert_refused(
        path, " holds more than weights: reading it would run code, torch.nn.modules.linear.Linear"
    )


def test_array_of_objects_is_refused_and_not_unpickled(tmp_path):
    path, trap = tmp_path / "a.npz", tmp_path / "trap"
    np.savez(path, weight=np.array([Trap(trap)], dtype=object))
    assert_refused(path, " is not a readable .npz file of plain arrays: ")
    assert not trap.exists()


def test_array_of_texts_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, weight=np.array(["a", "b"]))
    assert_refused(path, " is not a readable .npz file of plain arrays: ")
