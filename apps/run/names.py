"""What the results of a source are called: its name, made safe for a folder and files in it."""

from __future__ import annotations

from ..sentences import is_text

# A file name may have 255 bytes; the longest suffix of a result and a number come behind.
MAX_BYTES = 200
_UNNAMED = "unnamed"


def safe_name(stem: str) -> str:
    """A name for a folder and the files in it.

    Control characters, `/` and bytes that are no text become `_`; a name of dots and spaces alone,
    such as the `..` of `...mp4`, becomes `unnamed`; long names are cut to 200 bytes of UTF-8.
    """
    name = "".join("_" if c == "/" or not is_text(c) else c for c in stem)
    if not name.strip(". "):
        return _UNNAMED
    return name.encode()[:MAX_BYTES].decode(errors="ignore")


def unused_name(name: str, taken: set[str]) -> str:
    """`name`, or `name-2`, `name-3` ... if it is taken; the answer is taken from now on."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate)
    return candidate
