"""Download a file once: resumed after an interruption, checked, and whole or not there at all.

Source: RFC 9110, sections 13.1.5 (If-Range) and 14 (Range).
"""

from __future__ import annotations

import fcntl
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeAlias
from urllib.parse import urlsplit

from ...structures import CheckpointError, DownloadError
from ...structures.digest import sha256_of

# bytes there so far, bytes in all if the server says
Progress: TypeAlias = Callable[[int, int | None], None]

TIMEOUT_S = 30.0  # without a single byte
_CHUNK = 1 << 18
_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE = 200, 206, 416
_FALSE = ("", "0", "false", "no")


def is_offline() -> bool:
    """Whether the environment forbids downloads: POSETRACK_OFFLINE=1."""
    return os.environ.get("POSETRACK_OFFLINE", "").lower() not in _FALSE


def matches(path: Path, sha256: str | None) -> bool:
    """Whether a file's SHA-256 begins with these hexadecimal digits; True if they are None."""
    return sha256 is None or sha256_of(path).startswith(sha256.lower())


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Path:
    """Fetch a file; an earlier attempt that was cut off is continued.

    What has arrived lies in `<target>.part` until it is whole and checked; only then `target`
    appears, at once. A part is continued only if the server says that the file is still the same.

    Args:
        url: http or https.
        target: the file to write; its folder is made. An existing file is replaced.
        sha256: of the file, hexadecimal, or its first digits; None checks nothing.
        progress: called with the bytes there so far and in all (None if the server does not say).
        timeout_s: seconds without a byte after which the attempt is given up.

    Returns:
        `target`.

    Raises:
        ValueError: another kind of address.
        CheckpointError: the file is not the one expected; nothing of it is kept.
        DownloadError: the server cannot be reached, does not have the file, broke off (the part is
            kept), or another process is fetching the same file.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"an address must begin with http:// or https://, got {url!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with part.open("ab") as file:
        _lock(file, part)
        try:
            _receive(url, file, part, progress, timeout_s)
        except urllib.error.HTTPError as error:
            reason = f"the server does not give {url}: {error.code} {error.reason}"
            error.close()
            raise DownloadError(reason + _kept(part)) from error
        except (http.client.HTTPException, OSError) as error:
            reason = f"{url} could not be fetched: {_reason(error)}"
            raise DownloadError(reason + _kept(part)) from error
        _check(url, part, sha256)
        os.replace(part, target)
    _validator(part).unlink(missing_ok=True)
    return target


def _receive(
    url: str, file: IO[bytes], part: Path, progress: Progress | None, timeout_s: float
) -> None:
    """Write what the part still lacks; the whole file if it cannot be continued."""
    have = file.tell()
    response = _open(url, part, have, timeout_s)
    with response:
        if response.status != _PARTIAL or _start(response) != have:
            have = 0
            file.truncate(0)
        _remember(part, response)
        total = _total(response, have)
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            have += len(chunk)
            if progress is not None:
                progress(have, total)
    file.flush()
    if total is not None and have != total:
        raise http.client.IncompleteRead(b"", total - have)


def _open(url: str, part: Path, have: int, timeout_s: float) -> http.client.HTTPResponse:
    """Ask for the rest of the file, or for all of it if the part cannot be continued."""
    headers = {"User-Agent": "posetrack", "Accept-Encoding": "identity"}
    validator = _validator(part)
    if have and validator.is_file():
        headers |= {
            "Range": f"bytes={have}-",
            "If-Range": validator.read_text(encoding="latin-1"),
        }
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout_s
        )
    except urllib.error.HTTPError as error:
        if error.code != _RANGE_NOT_SATISFIABLE or "Range" not in headers:
            raise
        error.close()
        validator.unlink()
        return _open(url, part, have, timeout_s)
    return response


def _start(response: http.client.HTTPResponse) -> int | None:
    """The first byte of a partial answer."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: http.client.HTTPResponse, have: int) -> int | None:
    length = response.headers.get("Content-Length")
    return None if length is None else have + int(length)


def _remember(part: Path, response: http.client.HTTPResponse) -> None:
    """Keep what tells later whether the server's file is still the same."""
    etag = response.headers.get("ETag")
    strong = etag if etag and not etag.startswith("W/") else None
    validator = strong or response.headers.get("Last-Modified")
    if validator:
        _validator(part).write_text(validator, encoding="latin-1")
    else:
        _validator(part).unlink(missing_ok=True)


def _validator(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _lock(file: IO[bytes], part: Path) -> None:
    """Keep other processes from the part; it may have become the target while we waited."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = part.is_file() and os.path.samestat(os.fstat(file.fileno()), part.stat())
    except BlockingIOError:
        mine = False
    if not mine:
        raise DownloadError(f"another process is writing {part}: wait until it is done")


def _check(url: str, part: Path, sha256: str | None) -> None:
    if matches(part, sha256):
        return
    digest = sha256_of(part)
    part.unlink()
    _validator(part).unlink(missing_ok=True)
    raise CheckpointError(
        f"{url} is not the file expected: its SHA-256 is {digest}, not {sha256}...; it was removed"
    )


def _reason(error: Exception) -> object:
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was cut"
    return getattr(error, "reason", error)


def _kept(part: Path) -> str:
    """What is left of a failed attempt; an empty part is removed."""
    done = part.stat().st_size
    if done:
        return f"; {done} bytes are kept, the next attempt goes on from there"
    part.unlink()
    _validator(part).unlink(missing_ok=True)
    return ""
