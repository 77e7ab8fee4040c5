"""A loaded network, whatever library runs it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, runtime_checkable

from .arrays import AnyArray


@runtime_checkable
class Session(Protocol):
    """Run a network on named arrays; close it when done (it is its own context manager).

    `run` may be called from several threads at once.
    """

    @property
    def backend(self) -> str:
        """The library that runs the network."""
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

    def close(self) -> None:
        """Free the network; the session cannot run afterwards."""
        ...

    def __enter__(self) -> Session: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
