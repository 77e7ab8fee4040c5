"""What people are told: one line each, on stderr."""

from __future__ import annotations

import re
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


# What the system lacks -> how errors of Python, NumPy, FFmpeg, OpenCV and the runtimes say so.
_LACKS = {
    "there is not enough memory": re.compile(
        r"bad_alloc|annot allocate memory|ailed to allocate memory|nsufficient memory"
        r"|ailed to map segment|can't (start new thread|alloc)|Resource temporarily unavailable"
    ),
    "too many files are open: allow more, as with `ulimit -n 1024`": re.compile(
        "oo many open files"
    ),
}


def _lack(error: BaseException) -> str:
    text = "bad_alloc" if isinstance(error, MemoryError) else str(error)
    return next((lack for lack, said in _LACKS.items() if said.search(text)), "")


def sentence(error: BaseException, place: object = None) -> str:
    """What went wrong, for people; `place` tells where if the error does not."""
    lack = _lack(error)
    if lack:
        return f"{place}: {lack}" if place else lack
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or place
        return f"{where}: {error.strerror}" if where else error.strerror
    if isinstance(error, OSError | ValueError | RuntimeError):
        return str(error)
    where = f"{place}: " if place else ""
    return (
        f"{where}{type(error).__name__}: {error}: this is a fault of posetrack, please report it "
        "with what --debug shows"
    )
