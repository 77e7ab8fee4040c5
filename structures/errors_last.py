"""An iterator whose error comes behind what was made of the items before it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Generic, TypeVar

from .closeable import Closeable

T = TypeVar("T")


class ErrorsLast(Closeable, Generic[T]):
    """Ends where `items` fails, and raises the error when asked.

    So a consumer that holds items back, such as frames in the network or in a look ahead, can give
    them out before the error stops it.

    Args:
        items: iterated once.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return next(self._items)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error
            raise StopIteration from None

    def close(self) -> None:
        """Close a generator among the items at once, not when it is collected."""
        if isinstance(self._items, Generator):
            self._items.close()

    def raise_error(self) -> None:
        """Raise what ended the iteration, if it was an error."""
        if self._error is not None:
            raise self._error
