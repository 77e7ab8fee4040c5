"""Large JSON documents, one element of their arrays at a time."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from gzip import BadGzipFile
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

from ..structures import ResultFileError

_CHUNK = 1 << 20  # characters
_AFTER = tuple(" \t\n\r,:]}")  # what may follow a value
_NOT_SPACE = re.compile(r"[^ \t\n\r]")


class Item(NamedTuple):
    """One value of a document.

    Attributes:
        key: of the outermost object that holds the value; empty if the document is an array.
        position: in the array under that key; -1 if the value stands there alone.
        value: what was parsed.
    """

    key: str
    position: int
    value: Any

    @property
    def place(self) -> str:
        """How messages call it, such as `annotations[7]`."""
        return _place(self.key, self.position)


def json_items(path: Path) -> Iterator[Item]:
    """The elements of a JSON array, or of all arrays of a JSON object, in the order of the file.

    A file whose name ends in `.gz` is decompressed on the way.

    Only the element under way is in memory, however long the file is.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: the file is not JSON, or ends too early; the message says where.
    """
    packed = path.suffix == ".gz"
    with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as file:
        scanner = _Scanner(path, file)
        try:
            yield from scanner.document()
        except (BadGzipFile, EOFError, zlib.error) as error:
            raise ResultFileError(f"{path}: not a whole .gz file: {error}") from error
        except UnicodeDecodeError as error:
            raise ResultFileError(f"{path}: not text in UTF-8: {error.reason}") from error
        except ResultFileError:
            raise
        except (RecursionError, ValueError) as error:  # nested too deeply, too many digits
            raise ResultFileError(f"{path}: at {scanner.place}: {error}") from error


class _Scanner:
    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._text, self._at, self._ended = "", 0, False
        self._key, self._index = "the start", -1
        self._decoder = json.JSONDecoder(parse_constant=self._no_constant)

    def document(self) -> Iterator[Item]:
        start = self._next()
        if start == "[":
            yield from self._array("")
        elif start == "{":
            yield from self._object()
        else:
            self._refuse("the document must be a JSON object or array")
        if self._next():
            self._refuse("nothing may follow the document")

    def _object(self) -> Iterator[Item]:
        self._expect("{")
        while self._next() != "}":
            key = self._value()
            if not isinstance(key, str):
                self._refuse("a key must be a string")
            self._key, self._index = key, -1
            self._expect(":")
            if self._next() == "[":
                yield from self._array(key)
            else:
                yield Item(key, -1, self._value())
            if self._next() != "}":
                self._expect(",")
        self._expect("}")

    def _array(self, key: str) -> Iterator[Item]:
        self._expect("[")
        index = 0
        while self._next() != "]":
            self._key, self._index = key, index
            yield Item(key, index, self._value())
            index += 1
            if self._next() != "]":
                self._expect(",")
        self._expect("]")

    def _value(self) -> Any:
        self._next()
        while True:
            # Of a number at the end of the buffer more may follow: `20.` is no whole one.
            with suppress(json.JSONDecodeError):
                value, end = self._decoder.raw_decode(self._text, self._at)
                if self._ended or self._text[end : end + 1] in _AFTER:
                    self._at = end
                    return value
            if self._ended:
                self._refuse(self._what_is_wrong())
            self._fill()

    def _what_is_wrong(self) -> str:
        try:
            self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if error.pos >= len(self._text.rstrip()) or "Unterminated" in error.msg:
                return "the file ends too early"
            return f"not JSON: {error.msg}"
        return "not JSON"

    def _next(self) -> str:
        """The next character that is no space; empty at the end of the file."""
        here = self._text[self._at : self._at + 1]
        if here > " ":  # as almost always
            return here
        while True:
            found = _NOT_SPACE.search(self._text, self._at)
            if found:
                self._at = found.start()
                return found.group()
            if self._ended:
                return ""
            self._at = len(self._text)
            self._fill()

    def _expect(self, wanted: str) -> None:
        found = self._next()
        if not found:
            self._refuse("the file ends too early")
        if found != wanted:
            self._refuse(f"not JSON: {wanted!r} must follow, got {found!r}")
        self._at += 1

    def _fill(self) -> None:
        """Read on; twice as much for a value that is longer than what was read."""
        rest = self._text[self._at :]
        more = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not more
        self._text, self._at = rest + more, 0

    def _no_constant(self, name: str) -> NoReturn:
        self._refuse(f"{name} is not a number")

    @property
    def place(self) -> str:
        """Where in the document the value under way stands."""
        return _place(self._key, self._index)

    def _refuse(self, problem: str) -> NoReturn:
        raise ResultFileError(f"{self._path}: at {self.place}: {problem}")


def _place(key: str, index: int) -> str:
    return f"{key or 'element'}[{index}]" if index >= 0 else key
