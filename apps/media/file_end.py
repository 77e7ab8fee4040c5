"""Whether a video file was cut off, as far as its layout tells; nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"  # FFmpeg's names of formats
# What a file's own pieces are called; other bytes behind them are no part of the video.
_BOXES = {b"free", b"mdat", b"mfra", b"moof", b"moov", b"sidx", b"skip", b"styp", b"uuid", b"wide"}
_TS_PACKET = 188  # bytes
_FLV_TAG = 11  # bytes of a tag's header
_SEGMENT = b"\x18\x53\x80\x67"  # name of the element of a Matroska file that holds everything
_MATROSKA_HEAD = 4096  # bytes in which it begins


def is_cut(path: Path, container: str) -> bool:
    """Whether a file ends in the middle of a piece.

    Args:
        path: a regular file.
        container: FFmpeg's name of its format; False of one whose layout does not tell.
    """
    checks = {
        _MP4: _mp4_is_cut,
        "flv": _flv_is_cut,
        "matroska,webm": _matroska_is_cut,
        "mpegts": _ts_is_cut,
    }
    return container in checks and checks[container](path)


def boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """Name and end of each box of an MP4 file; an end may lie behind that of the file."""
    at, length = 0, path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(16)) >= 8:
            size, name = int.from_bytes(head[:4], "big"), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:], "big")
            elif size == 0:
                size = length - at
            if size < 8:
                return
            at += size
            yield name, at
            file.seek(at)


def _mp4_is_cut(path: Path) -> bool:
    length = path.stat().st_size
    return any(name in _BOXES and end > length for name, end in boxes(path))


def _flv_is_cut(path: Path) -> bool:
    """The length of every tag stands behind it, as it stands in its header."""
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(length - 4, 0))
        tag = int.from_bytes(file.read(4), "big")
        file.seek(max(length - 4 - tag, 0))
        header = file.read(_FLV_TAG)
    return tag + 4 > length or int.from_bytes(header[1:4], "big") + _FLV_TAG != tag


def _matroska_is_cut(path: Path) -> bool:
    """Behind a short header one element holds everything; its size is unknown if it was live."""
    with path.open("rb") as file:
        head = file.read(_MATROSKA_HEAD)
    try:
        size, at = _element_size(head, 4)
        size, at = _element_size(head, head.index(_SEGMENT, at + size) + len(_SEGMENT))
    except (IndexError, ValueError):
        return False
    return at + size > path.stat().st_size


def _element_size(data: bytes, at: int) -> tuple[int, int]:
    """Size of an element, 0 if it is unknown, and where its content begins.

    As many zero bits as the size has bytes more than one come before it, and a one.
    """
    length = 9 - data[at].bit_length()
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(data[at : at + length], "big") & unknown
    return (0 if size == unknown else size), at + length


def _ts_is_cut(path: Path) -> bool:
    with path.open("rb") as file:
        starts = file.read(_TS_PACKET + 1)[::_TS_PACKET]
    return starts == b"GG" and path.stat().st_size % _TS_PACKET > 0
