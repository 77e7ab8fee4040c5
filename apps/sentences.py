"""What people are told: one line each, on stderr."""

from __future__ import annotations

import sys
import unicodedata


def say(text: str) -> None:
    """One line on stderr."""
    print(printable(text), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    r"""On one line and harmless: control characters and bytes that are no text become `\x1b`."""
    return "".join(c if is_text(c) else _escaped(c) for c in text)


def is_text(character: str) -> bool:
    """No control character, and no half of a pair, as which Python keeps undecodable bytes."""
    return unicodedata.category(character) not in ("Cc", "Cs")


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def sentence(error: BaseException, place: object = None) -> str:
    """What went wrong, for people; `place` tells where if the error does not."""
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or place
        return f"{where}: {error.strerror}" if where else error.strerror
    if isinstance(error, MemoryError):
        return f"{place}: there is not enough memory" if place else "there is not enough memory"
    if isinstance(error, OSError | ValueError | RuntimeError):
        return str(error)
    where = f"{place}: " if place else ""
    return (
        f"{where}{type(error).__name__}: {error}: this is a fault of posetrack, please report it "
        "with what --debug shows"
    )
