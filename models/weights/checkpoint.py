"""Weight files as named tensors; nothing in a file is ever executed.

How published files are wrapped: HRNet's, DEKR's and the simple baseline's training scripts write
`state_dict` and `best_state_dict` beside the optimizer's state, Integral's `network`; networks
trained on several GPUs put `module.` in front of every name.
"""

from __future__ import annotations

import collections
import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ...structures import CheckpointError
from ..model import Weights

FileFormat: TypeAlias = Literal["npz", "pytorch", "safetensors"]

# Where training scripts keep the network, in the order in which they are looked for.
WRAPPERS = (
    "state_dict",
    "best_state_dict",
    "network",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "weights",
)
PARALLEL_PREFIX = "module."
_MAX_NESTED = 3  # wrappers within wrappers
_ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_MAGIC = b"\x80"  # of protocol 2 and later; torch has never written an earlier one
_PICKLE_MEMBER = "data.pkl"  # of a PyTorch file, in one folder of the zip
_HTML_STARTS = (b"<!doctype html", b"<html")
# What NumPy, zipfile and torch raise for damaged files, single arrays and arrays of objects.
_UNREADABLE = (
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_SCALAR = np.float64(0).__reduce__()[0]  # the function that makes a NumPy scalar
# What the unpickler may use beside tensors and plain containers: numbers that training scripts
# keep, such as the accuracy so far. None of it runs anything of the file.
_HARMLESS: list[Any] = [
    # NumPy 2 moved the function; files carry the name of the version that wrote them
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *{type(np.dtype(code)) for code in ("?", "i4", "i8", "f2", "f4", "f8")},
    collections.Counter,  # the milestones of a learning rate schedule
]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a weight file holds.

    Attributes:
        weights: name -> tensor on the CPU, floats as float32, `module.` stripped.
        file_format: how the file is written.
        wrapper: what the weights were wrapped in, outermost first: keys such as `state_dict`, and
            `module.` if the names began so. Empty for a flat file.
    """

    weights: Weights
    file_format: FileFormat
    wrapper: tuple[str, ...] = ()


def read_weights(path: Path) -> Weights:
    """Every tensor of a weight file under its name, floats as float32; see `read_checkpoint`."""
    return read_checkpoint(path).weights


def read_checkpoint(path: Path) -> Checkpoint:
    """The network's weights in an `.npz`, PyTorch or `.safetensors` file.

    The content decides what kind of file it is, not the name. The optimizer, and all else that a
    training script saved beside the network, is left out.

    Raises:
        FileNotFoundError: no such file.
        CheckpointError: not a weight file, a damaged one, or one that would have to run code to be
            read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}")
    file_format = _format_of(path)
    if file_format == "npz":
        content: Any = _read_npz(path)
    elif file_format == "safetensors":
        content = _read_safetensors(path)
    else:
        content = _read_pytorch(path)
    weights, wrapper = _unwrap(content, path)
    return Checkpoint(
        {name: _as_float32(tensor) for name, tensor in weights.items()}, file_format, wrapper
    )


def _format_of(path: Path) -> FileFormat:
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise CheckpointError(f"{path} is empty: it should hold weights")
    if start.startswith(_ZIP_MAGIC):
        return "pytorch" if _has_pickle(path) else "npz"
    if start.startswith(_PICKLE_MAGIC):
        return "pytorch"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= path.stat().st_size:
        return "safetensors"
    if start.lstrip().lower().startswith(_HTML_STARTS):
        raise CheckpointError(f"{path} is a web page: download the file itself")
    raise CheckpointError(
        f"{path} holds no weights: it must be an .npz file, a PyTorch checkpoint or a "
        ".safetensors file"
    )


def _has_pickle(path: Path) -> bool:
    """Whether a zip file is PyTorch's; one cut short is searched for the name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.split("/")[-1] == _PICKLE_MEMBER for name in archive.namelist())
    except _UNREADABLE:
        with path.open("rb") as file:
            return _PICKLE_MEMBER.encode() in file.read(256)


def _read_npz(path: Path) -> Weights:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path} is not a readable .npz file of plain arrays: {error}"
        ) from error


def _read_safetensors(path: Path) -> Weights:
    try:
        return load_file(path)
    except (SafetensorError, *_UNREADABLE) as error:
        raise CheckpointError(f"{path} is not a readable .safetensors file: {error}") from error


def _read_pytorch(path: Path) -> Any:
    try:
        _check_sums(path)
        with torch.serialization.safe_globals(_HARMLESS), warnings.catch_warnings():
            # torch warns of pickle protocols that it does not write itself
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        if wanted is not None:
            raise CheckpointError(
                f"{path} holds more than weights: reading it would run code, {wanted[1]} of "
                "Python; save the weights alone, torch.save(network.state_dict(), file)"
            ) from error
        raise CheckpointError(
            f"{path} is not a readable PyTorch checkpoint, cut short or damaged: {_brief(error)}"
        ) from error


def _check_sums(path: Path) -> None:
    """Raise ValueError for a wrong checksum in a zip file: torch does not compare them."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"wrong checksum of {damaged}")


def _brief(error: BaseException) -> str:
    """The sentence in torch's message that says what is wrong, without the advice around it."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).split("WeightsUnpickler error:")[-1].strip()
    first = re.split(r"\n|(?<=[a-z])\. ", text)[0].rstrip(".")
    return first or type(error).__name__


def _unwrap(content: Any, path: Path) -> tuple[Weights, tuple[str, ...]]:
    """The named tensors within a file's content, and where they were."""
    wrapper: list[str] = []
    while not _are_weights(content):
        key = _inner(content)
        if key is None or len(wrapper) == _MAX_NESTED:
            raise CheckpointError(
                f"{path} holds no named tensors, neither at its top nor in {', '.join(WRAPPERS)}: "
                f"it holds {_summary(content)}"
            )
        content = content[key]
        wrapper.append(key)
    weights: Weights = dict(content)
    while all(name.startswith(PARALLEL_PREFIX) for name in weights):
        weights = {name.removeprefix(PARALLEL_PREFIX): t for name, t in weights.items()}
        wrapper.append(PARALLEL_PREFIX)
    return weights, tuple(wrapper)


def _are_weights(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and len(content) > 0
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    )


def _inner(content: Any) -> str | None:
    if not isinstance(content, Mapping):
        return None
    return next((key for key in WRAPPERS if isinstance(content.get(key), Mapping)), None)


def _summary(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    names = [str(key) for key in content]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more if names else "nothing"


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
