"""The library `tensorrt`: which versions are known, what they can do, what they log."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

from ...structures import BackendError

# Releases whose interfaces were compared with what is used here: the first and the last of each
# line. 8.6 is the last for sm_61, 10.4 for sm_70; 9.x went to few platforms.
KNOWN = (((8, 6), (8, 6)), ((10, 0), (10, 16)), ((11, 0), (11, 4)))


class TensorRt(NamedTuple):
    """The library, and what its version decides."""

    module: Any  # `tensorrt`, whose attributes differ from version to version
    version: str
    number: tuple[int, int]

    @property
    def strongly_typed(self) -> bool:
        """Whether the types in a network are what it computes in, without flags of the builder."""
        return self.number >= (11, 0)

    @property
    def shares_profiles(self) -> bool:
        """Whether contexts may share a profile without being told so."""
        return self.number >= (10, 0)

    @property
    def takes_python_plugins(self) -> bool:
        """Whether plugins may be classes in Python."""
        return self.number >= (10, 0)


def tensorrt() -> TensorRt:
    """The installed TensorRT.

    Raises:
        BackendError: it is not installed, cannot be loaded, or its version is not known.
    """
    try:
        import tensorrt as module
    except ImportError as error:
        raise BackendError(
            f"TensorRT cannot be loaded ({error}): pip install 'posetrack[tensorrt]', or NVIDIA's "
            "package for your GPU, see docs/tensorrt.md"
        ) from error
    return known(module)


@lru_cache
def known(module: ModuleType) -> TensorRt:
    """A module `tensorrt`, if its version is known.

    Raises:
        BackendError: it is not.
    """
    version = str(module.__version__)
    major, minor, *_ = (*(int(part) for part in version.split(".") if part.isdigit()), 0, 0)
    if not any(first <= (major, minor) <= last for first, last in KNOWN):
        lines = ", ".join(_line(*one) for one in KNOWN)
        raise BackendError(
            f"TensorRT {version} is none that posetrack knows: install one of {lines}"
        )
    return TensorRt(module, version, (major, minor))


def _line(first: tuple[int, int], last: tuple[int, int]) -> str:
    words = [f"{major}.{minor}" for major, minor in (first, last)]
    return words[0] if first == last else " to ".join(words)
