"""Whether the results in a folder are of the run that is to be gone on with."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...engine import BACKENDS
from ...structures import ResultFileError
from ..media.sources import Source
from .report import FINISHED

_PIECE = 1 << 20  # bytes of the beginning and the end of a file that are looked at
_LIBRARIES = ("av", "cv2")  # what decodes and encodes, beside the session's own
_UNNAMED = {"source_mark": "another source", "model": "another model"}
_SAME = ("posetrack", "libraries", "backend", "precision")
# They change no result but last bits: frames under way and images at once, the patience with pipes,
# which nobody resumes.
_FREE_OPTIONS = ("parallel", "pipe_timeout", "batch")


def source_mark(source: Source) -> str:
    """Tells a source from another one of the same name; empty for one that can be read only once.

    It is made of size, time of change and both ends of a file, and of names, sizes and times of the
    images of a folder.
    """
    if not (source.path.is_dir() or source.path.is_file()):
        return ""
    digest = hashlib.sha256()
    if source.path.is_dir():
        for name in source.names:
            facts = (source.path / name).stat()
            digest.update(f"{name!r} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    else:
        facts = source.path.stat()
        digest.update(f"{facts.st_size} {facts.st_mtime_ns}\n".encode())
        for piece in _ends(source.path, facts.st_size):
            digest.update(piece)
    return digest.hexdigest()


def _ends(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield file.read(_PIECE)
        file.seek(max(size - _PIECE, 0))
        yield file.read(_PIECE)


def libraries(backend: str) -> dict[str, str]:
    """Versions of the loaded libraries that a run's numbers and pictures come from."""
    names = (*_LIBRARIES, BACKENDS[backend].library if backend in BACKENDS else backend)
    versions = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    return {name: version for name, version in versions.items() if version is not None}


def check_same(folder: Path, earlier: dict[str, Any], now: dict[str, Any], *, lost: bool) -> None:
    """Refuse to mix two runs.

    Args:
        folder: of the results.
        earlier: `run.json` that lies there.
        now: `run.json` of the run that would go on.
        lost: the earlier run could not read all that it came to.

    Raises:
        ResultFileError: names all that is not the same.
    """
    now = json.loads(json.dumps(now))
    other = [words for key, words in _UNNAMED.items() if earlier.get(key) != (now[key] or None)]
    other += [
        f"{key} {earlier.get(key)} instead of {now[key]}"
        for key in _SAME
        if earlier.get(key) != now[key]
    ]
    kinds = [str(one.get("device")).partition(":")[0] for one in (earlier, now)]
    if kinds[0] != kinds[1]:  # which of several GPUs it was is chance
        other.append(f"device {earlier.get('device')} instead of {now['device']}")
    before = earlier.get("options", {})
    other += [
        f"{name} {before.get(name)} instead of {value}"
        for name, value in now["options"].items()
        if name not in _FREE_OPTIONS and not _is_same(name, before.get(name), value, lost=lost)
    ]
    if other:
        raise ResultFileError(
            f"{folder} holds results of {', '.join(other)}: repeat the command of these, or use "
            "--overwrite to start again"
        )


def _is_same(name: str, before: Any, now: Any, *, lost: bool) -> bool:
    """Whether an option is; a higher limit is too as long as nothing can have been above it."""
    if name == "max_pixels" and before is not None and not lost:
        return bool(before <= now)
    return bool(before == now)


def finished_reason(folder: Path, earlier: dict[str, Any]) -> str | None:
    """How the earlier run ended; None where it was stopped and there is something left to do.

    Raises:
        ResultFileError: it came to its end, and a file is not there any more.
    """
    if earlier["reason"] not in FINISHED:
        return None
    for name in earlier["files"]:
        if not (folder / name).is_file():
            raise ResultFileError(
                f"{folder} holds results of a whole run without its {name}: use --overwrite to "
                "start again"
            )
    return str(earlier["reason"])
