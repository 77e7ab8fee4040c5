"""Things that are closed when a `with` block ends."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeVar

_Self = TypeVar("_Self", bound="Closeable")


class Closeable(Protocol):
    """A context manager that closes itself at the end of its block; subclasses define `close`."""

    def close(self) -> None:
        """Free what is held; a second call does nothing."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
