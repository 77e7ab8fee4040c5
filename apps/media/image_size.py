"""How large an image file says its picture is; nothing is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import BinaryIO

Size = tuple[int, int]

HEADER_BYTES = 1 << 20  # behind thumbnails and colour profiles of photographs
_TIFF, _TIFF_SIZES = rb"II[*+]\x00|MM\x00[*+]", (256, 257)  # tags of width and height
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of a frame's header
_JPEG_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def image_size(file: BinaryIO) -> Size | None:
    """(H, W) as the file says, of AVIF (W, H); None where it is no image that is read here.

    The file's position moves.
    """
    header = file.read(HEADER_BYTES)
    try:
        if re.match(_TIFF, header):
            return _tiff(header, file)
        for start, read in _READERS.items():
            if re.match(start, header, re.DOTALL):
                return read(header)
    except (struct.error, ValueError, LookupError, OSError):  # it ends too early
        pass
    return None


def _png(header: bytes) -> Size:
    width, height = struct.unpack_from(">II", header, 16)
    return height, width


def _gif(header: bytes) -> Size:
    width, height = struct.unpack_from("<HH", header, 6)
    return height, width


def _bmp(header: bytes) -> Size:
    if struct.unpack_from("<I", header, 14)[0] == 12:  # OS/2's short header
        width, height = struct.unpack_from("<HH", header, 18)
    else:
        width, height = struct.unpack_from("<ii", header, 18)
    return abs(height), abs(width)  # negative from top to bottom


def _jpeg(header: bytes) -> Size:
    place = 2
    while True:
        place = header.index(b"\xff", place)
        while header[place] == 0xFF:
            place += 1
        marker = header[place]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", header, place + 4)
            return height, width
        place += 1
        if marker and marker not in _JPEG_ALONE:
            place += struct.unpack_from(">H", header, place)[0]


def _tiff(header: bytes, file: BinaryIO) -> Size:
    """Its directory may lie anywhere in the file, often at the end."""
    order = "<" if header[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", header, 2)[0] == 43
    first, count, entry, value = ("Q", "Q", "HHQ", "Q") if big else ("I", "H", "HHI", "I")
    (place,) = struct.unpack_from(order + first, header, 8 if big else 4)
    file.seek(place)
    directory = file.read(HEADER_BYTES)
    (entries,) = struct.unpack_from(order + count, directory)
    start, found = struct.calcsize(order + count), {}
    for _ in range(entries):
        tag, kind, _ = struct.unpack_from(order + entry, directory, start)
        start += struct.calcsize(order + entry)
        if tag in _TIFF_SIZES:
            short = "H" if kind == 3 else value
            (found[tag],) = struct.unpack_from(order + short, directory, start)
        start += struct.calcsize(order + value)
    return found[_TIFF_SIZES[1]], found[_TIFF_SIZES[0]]


def _webp(header: bytes) -> Size:
    kind = header[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(header[24:27], "little") + 1
        return int.from_bytes(header[27:30], "little") + 1, width
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", header, 21)[0]
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", header, 26)
    return height & 0x3FFF, width & 0x3FFF


def _netpbm(header: bytes) -> Size:
    numbers = re.sub(rb"#[^\n]*", b"", header[2:4096]).split()
    return int(numbers[1]), int(numbers[0])


def _boxes(name: bytes, skip: int) -> Callable[[bytes], Size]:
    """Of formats made of boxes: the largest size that any box of a name states."""

    def read(header: bytes) -> Size:
        places = [found.end() + skip for found in re.finditer(re.escape(name), header)]
        sizes = [struct.unpack_from(">II", header, place) for place in places]
        return max(sizes, key=lambda size: size[0] * size[1])

    return read


_READERS: dict[bytes, Callable[[bytes], Size]] = {
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"\xff\xd8\xff": _jpeg,
    rb"GIF8": _gif,
    rb"BM": _bmp,
    rb"RIFF....WEBP": _webp,
    rb"P[1-6]\s": _netpbm,
    rb"\x00\x00\x00\x0cjP  ": _boxes(b"ihdr", 0),
    rb"....ftyp": _boxes(b"ispe", 4),
}
