"""Drawn videos and pictures out, with PyAV and OpenCV."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice, takewhile
from pathlib import Path

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from ...structures import ResultFileError
from ...structures.arrays import UInt8Array
from ...structures.closeable import Closeable
from ...structures.partial_file import partial_path, whole_file
from .file_end import boxes
from .safe_frames import SafeFrames

# H.264's numbers for the colours that `write` converts to; players would guess otherwise.
_BT709, _LIMITED_RANGE = 1, 1
_FRAGMENTS = {
    "movflags": "+delay_moov+default_base_moof",
    "frag_duration": "500000",  # microseconds
    "flush_packets": "1",
}
# x264's default quality at a fifth of the time of its default preset.
_ENCODER_OPTIONS = {"preset": "veryfast", "crf": "23"}
# The frames that it holds back are lost if the process is killed: the preset's ten, or fewer where
# these would be long.
_LOOK_AHEAD, _LOOK_AHEAD_S = 10, 0.4
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

    It consists of fragments of half a second, so that it plays up to its last second if the process
    is killed; `fast_start` makes of it what players like best. An earlier file that holds `safe`
    frames can be gone on with behind them.

    Args:
        path: the `.mp4` file.
        size: (H, W) of the images.
        time_base: seconds per unit of the timestamps that `write` gets.
        fps: nominal rate.
        kept: frames of the earlier file that are kept. They are copied, and the earlier file stays
            until the new one holds as much.

    Raises:
        ValueError: H.264 cannot hold images of this size; nothing was written.
        ResultFileError: the earlier file holds fewer frames.
        OSError: it cannot be read, or the new one not be written.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], time_base: Fraction, fps: float, kept: int = 0
    ) -> None:
        self._path = path
        self._place = partial_path(path) if kept else path
        with _as_os_error(path):
            self._container = _new_mp4(self._place, time_base, _FRAGMENTS)
        rate = Fraction(fps).limit_denominator(1001)
        height, width = size
        ahead = {"rc-lookahead": str(min(_LOOK_AHEAD, int(_LOOK_AHEAD_S * fps)))}
        options = _ENCODER_OPTIONS | (_NO_LOOK_AHEAD if height * width > _LARGE else ahead)
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
        self._dts: int | None = None  # of the last packet
        if kept:
            self._begin_with(kept)
        self._frames = SafeFrames(kept, self._place.stat().st_size if kept else 0)

    @property
    def safe(self) -> int:
        """Frames that stay in the file, whatever happens: as many can be kept later."""
        return self._frames.count

    def write(self, image: UInt8Array, pts: int) -> None:
        """Encode one image (H, W, 3) uint8 RGB; timestamps must ascend.

        Raises:
            ResultFileError: the file was deleted in the meantime.
            OSError: it cannot be written.
        """
        if self._frames.size and not self._place.exists():
            raise ResultFileError(f"{self._path} was deleted while it was written: run it again")
        if self._pad[0][1] or self._pad[1][1]:
            image = np.pad(image, self._pad, mode="edge")
        picture = VideoFrame.from_ndarray(image, format="rgb24")
        with _as_os_error(self._path):
            picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        picture.pts, picture.time_base = pts, self._time_base
        self._frames.add_frame(pts)
        self._encode(picture)

    def close(self) -> None:
        """Write what the encoder still holds."""
        try:
            if not self._broken:
                self._encode(None)
        finally:
            self._close_container()
        self._take_place()

    def _close_container(self) -> None:
        try:
            with _as_os_error(self._path):
                self._container.close()
            # the muxer keeps to itself that its last bytes found no room
            if self._place.exists() and _boxes(self._place)[1] != self._place.stat().st_size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        except OSError:
            self._broken = True
            raise
        finally:
            if self._broken:
                self._drop_half_fragment()

    def _drop_half_fragment(self) -> None:
        """What a full disk cut off would end in an error of the player."""
        if self._place != self._path:
            self._place.unlink(missing_ok=True)
            self._place = self._path  # the earlier file stays
        elif self._place.exists():
            os.truncate(self._place, whole_fragments(self._place))

    def _take_place(self) -> None:
        """The new file holds all of the earlier one that is kept, and takes its name."""
        if self._place != self._path and self._place.exists():
            self._place.replace(self._path)
            self._place = self._path

    def _encode(self, picture: VideoFrame | None) -> None:
        """After an error the muxer must not be called again: FFmpeg may crash."""
        self._broken = True
        with _as_os_error(self._path):
            for packet in self._stream.encode(picture):
                self._mux(packet)
        self._broken = False

    def _mux(self, packet: Packet[VideoStream]) -> None:
        pts, dts = packet.pts, packet.dts
        assert pts is not None
        assert dts is not None
        # an encoder that begins does not know the packets that are kept
        packet.dts = self._dts = dts if self._dts is None else max(dts, self._dts + 1)
        self._container.mux(packet)
        if self._frames.add_packet(pts, self._file_size()):
            self._take_place()

    def _file_size(self) -> int:
        try:
            return self._place.stat().st_size
        except FileNotFoundError:  # somebody deleted it, and whoever closes this was told
            return 0

    def _begin_with(self, count: int) -> None:
        """Copy the first frames of the earlier file."""
        try:
            with _as_os_error(self._path):
                copied = self._copy(count)
            if copied < count:
                raise ResultFileError(
                    f"{self._path} holds {copied} frames where {count} were written: use "
                    "--overwrite to start again"
                )
        except BaseException:
            self._container.close()
            self._place.unlink(missing_ok=True)
            raise

    def _copy(self, count: int) -> int:
        """Mux the first packets of the earlier file; how many there were."""
        copied = 0
        if not self._path.is_file():
            return copied
        with av.open(f"file:{self._path}") as earlier:
            if not earlier.streams.video:
                return 0
            stream = earlier.streams.video[0]
            # the muxer expects packets as the encoder gives them
            as_encoded = BitStreamFilterContext("h264_mp4toannexb", stream)
            whole = takewhile(lambda packet: packet.dts is not None, earlier.demux(stream))
            for packet in islice(whole, count):
                for copy in as_encoded.filter(packet):
                    assert copy.dts is not None
                    self._dts = int(copy.dts * copy.time_base / self._time_base)
                    copy.stream = self._stream
                    self._container.mux(copy)
                    copied += 1
        return copied


def whole_fragments(path: Path) -> int:
    """Bytes of an MP4 file up to the end of its last whole fragment.

    A muxer says only later that a disk was full, when a part of a fragment may be in the file.
    """
    return _boxes(path)[0]


def _boxes(path: Path) -> tuple[int, int]:
    """Where the last whole fragment of an MP4 file ends, and where its last whole box does."""
    whole = at = 0
    length = path.stat().st_size
    for name, end in boxes(path):
        if end > length:
            break
        at = end
        whole = at if name in (b"moov", b"mdat") else whole
    return whole, at


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
        if isinstance(error, OSError):  # whose file name is FFmpeg's, of what stands in between
            raise OSError(error.errno, error.strerror) from error
        raise OSError(error.errno, error.strerror, str(path)) from error
