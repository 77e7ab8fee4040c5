"""A loaded network, whatever library runs it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .arrays import AnyArray
from .closeable import Closeable


@runtime_checkable
class Session(Closeable, Protocol):
    """Run a network on named arrays; a context manager that frees the network at its end.

    `run` may be called from several threads at once.
    """

    @property
    def backend(self) -> str:
        """The library that runs the network."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, `cuda:0`, ..."""
        ...

    @property
    def precision(self) -> str:
        """What the arithmetic is done in."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that `run` needs."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the arrays that `run` returns."""
        ...

    @property
    def spec_json(self) -> str | None:
        """The `ModelSpec` stored in the file, or None where there is none."""
        ...

    def run(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """Named outputs for named inputs; the result belongs to the caller.

        Raises:
            ValueError: an input is missing, unknown, or has a wrong shape or dtype.
        """
        ...


@runtime_checkable
class DeviceSession(Session, Protocol):
    """A session whose arrays may stay on the device that it runs on."""

    def run_on_device(self, arrays: dict[str, AnyArray]) -> dict[str, AnyArray]:
        """As `run`; inputs may lie on the device, and outputs stay there.

        Arrays of a GPU are torch tensors, and work on them is in torch's current stream.
        """
        ...
