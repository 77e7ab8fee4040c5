"""Small makers of videos and images, the odd ones too."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from posetrack.structures import SourceError
from posetrack.structures.arrays import UInt8Array

# A quarter turn, as a phone held upright writes it.
_QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def grey_images(count: int, size: tuple[int, int] = (48, 64)) -> list[UInt8Array]:
    """(H, W, 3) images of one grey each, ten levels apart, so that each can be told."""
    return [np.full((*size, 3), 20 + 10 * level, np.uint8) for level in range(count)]


def clip_images(path: Path, count: int) -> list[UInt8Array]:
    """The first images of a video."""
    with av.open(str(path)) as container:
        frames = itertools.islice(container.decode(video=0), count)
        return [frame.to_ndarray(format="rgb24") for frame in frames]


def write_video(
    path: Path,
    images: Sequence[UInt8Array],
    *,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    faststart: bool = False,
) -> Path:
    """A video in the container of the name's suffix; timestamps count frames unless given."""
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.pix_fmt = pixels
        stream.height, stream.width = images[0].shape[:2]
        stream.codec_context.time_base = stream.time_base = time_base
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = pts[index] if pts else index, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copy_video(path: Path, source: Path, times_ms: Sequence[int]) -> Path:
    """The packets of a video at other times, which may repeat."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = (packet for packet in old.demux(video=0) if packet.size)
        for packet, time_ms in zip(packets, times_ms, strict=True):
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = time_ms
            new.mux(packet)
    return path


def turned(source: Path, path: Path) -> Path:
    """A copy of an MP4 that says it must be shown turned by a quarter."""
    data = bytearray(source.read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 36] = struct.pack(">9i", *_QUARTER_TURN)
    path.write_bytes(data)
    return path


def truncated(source: Path, path: Path, part: float) -> Path:
    """The first part of a file."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def damaged(source: Path, path: Path) -> Path:
    """A copy with three kilobytes of nonsense in the middle."""
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(data)
    return path


def write_sound(path: Path) -> Path:
    """A file with a second of silence and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), "fltp", "mono")
        frame.rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_images(folder: Path, names: Sequence[str], images: Iterable[UInt8Array]) -> Path:
    """A folder of images."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in zip(names, images, strict=True):
        assert cv2.imwrite(str(folder / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return folder


def all_of(frames):
    """Every frame, and the error behind the last one, or None."""
    seen = []
    try:
        for frame in frames:
            seen.append(frame)
    except SourceError as error:
        return seen, error
    return seen, None


def decoded(path: Path) -> list[tuple[float, UInt8Array]]:
    """Time in seconds and image of every frame that a player would show."""
    with av.open(str(path)) as container:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
        ]
