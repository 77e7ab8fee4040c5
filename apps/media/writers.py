"""Drawn videos and pictures out, with PyAV and OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from ...structures.arrays import UInt8Array
from ...structures.closeable import Closeable
from ...structures.partial_file import whole_file

# H.264's numbers for the colours that `write` converts to; players would guess otherwise.
_BT709, _LIMITED_RANGE = 1, 1
_FRAGMENTS = {
    "movflags": "+delay_moov+default_base_moof",
    "frag_duration": "1000000",  # microseconds
    "flush_packets": "1",
}
# x264's default quality at a fifth of the time of its default preset.
_ENCODER_OPTIONS = {"preset": "veryfast", "crf": "23"}
# Above this many pixels, twice 4K, the twenty frames that x264 looks ahead would take gigabytes.
_LARGE = 16_000_000
_NO_LOOK_AHEAD = {"x264-params": "rc-lookahead=0:sync-lookahead=0:mbtree=0:bframes=0"}


def write_image(path: Path, image: UInt8Array) -> None:
    """Write (H, W, 3) uint8 RGB as PNG; the file appears only once it is whole.

    Raises:
        OSError: the file cannot be written.
    """
    whole, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not whole:
        raise OSError(f"{path} could not be encoded as PNG")
    with whole_file(path) as partial:
        partial.write_bytes(data.tobytes())


class VideoWriter(Closeable):
    """An H.264 file; odd sizes grow by one repeated row or column.

    It consists of fragments of a second, so that it plays up to its last second if the process is
    killed; `fast_start` makes of it what players like best.

    Args:
        path: the `.mp4` file.
        size: (H, W) of the images.
        time_base: seconds per unit of the timestamps that `write` gets.
        fps: nominal rate.

    Raises:
        ValueError: H.264 cannot hold images of this size; nothing was written.
    """

    def __init__(self, path: Path, size: tuple[int, int], time_base: Fraction, fps: float) -> None:
        self._path = path
        with _as_os_error(path):
            self._container = _new_mp4(path, time_base, _FRAGMENTS)
        rate = Fraction(fps).limit_denominator(1001)
        height, width = size
        options = _ENCODER_OPTIONS | (_NO_LOOK_AHEAD if height * width > _LARGE else {})
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._pad = ((0, height % 2), (0, width % 2), (0, 0))
        self._stream.height, self._stream.width = height + height % 2, width + width % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = time_base
        self._stream.time_base = time_base
        self._time_base = time_base
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        try:
            self._stream.codec_context.open()
        except av.FFmpegError as error:
            self._container.close()
            raise ValueError(
                f"images of {width}x{height} pixels do not fit into an H.264 video: use --no-video"
            ) from error
        self._broken = False

    def write(self, image: UInt8Array, pts: int) -> None:
        """Encode one image (H, W, 3) uint8 RGB; timestamps must ascend."""
        if self._pad[0][1] or self._pad[1][1]:
            image = np.pad(image, self._pad, mode="edge")
        picture = VideoFrame.from_ndarray(image, format="rgb24")
        with _as_os_error(self._path):
            picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        picture.pts, picture.time_base = pts, self._time_base
        self._encode(picture)

    def close(self) -> None:
        """Write what the encoder still holds."""
        try:
            if not self._broken:
                self._encode(None)
        finally:
            with _as_os_error(self._path):
                self._container.close()

    def _encode(self, picture: VideoFrame | None) -> None:
        """After an error the muxer must not be called again: FFmpeg may crash."""
        self._broken = True
        with _as_os_error(self._path):
            self._container.mux(self._stream.encode(picture))
        self._broken = False


def fast_start(fragments: Path, path: Path) -> None:
    """Write a closed file of `VideoWriter` with one index at its start, the same frames and times.

    Args:
        fragments: the file; it stays.
        path: the `.mp4` file, which appears only once it is whole.

    Raises:
        OSError: the file cannot be written.
    """
    with whole_file(path) as partial, _as_os_error(path), av.open(f"file:{fragments}") as source:
        stream = source.streams.video[0]
        time_base = stream.time_base or Fraction(1, 1000)
        with _new_mp4(partial, time_base, {"movflags": "+faststart"}) as target:
            copy = target.add_stream_from_template(stream)
            copy.time_base = time_base
            for packet in source.demux(stream):
                if packet.dts is not None:  # the last one is empty
                    packet.stream = copy
                    target.mux(packet)


def _new_mp4(path: Path, time_base: Fraction, options: dict[str, str]) -> OutputContainer:
    # in thousandths of a second, the default, the first timestamp would be rounded
    timescale = {"movie_timescale": str(time_base.denominator)}
    return av.open(f"file:{path}", "w", format="mp4", options={**options, **timescale})


@contextmanager
def _as_os_error(path: Path) -> Iterator[None]:
    """What FFmpeg cannot write, as the error that any other file would raise."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
