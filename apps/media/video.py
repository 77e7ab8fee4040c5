"""Video files in, with PyAV."""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from ...engine import available_threads
from ...structures import Frame, SourceError
from ...structures.arrays import UInt8Array
from .file_end import is_cut
from .limits import DEFAULT_LIMITS, SourceLimits, is_regular
from .pipe import Pipe
from .sources import (
    WHOLE,
    FrameCount,
    Part,
    Source,
    SourceCut,
    SourceDamaged,
    Stopped,
    VideoFacts,
    never,
)

_REPEATS = 5  # frames that time may stand still; a longer way back is a new beginning
_DEFAULT_FPS = Fraction(25)  # where a file does not say
_HELD_PIXELS = 300_000_000  # of all frames that the decoder has under way
# What a source cannot be blamed for: too little memory, too few files.
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
_TAG_TOLERANCE_S = 1.0  # how exact the length is that Matroska files state as a tag


def show_ffmpeg() -> None:
    """From here on FFmpeg prints its warnings on the process's stderr; PyAV keeps them else."""
    av.logging.set_level(av.logging.WARNING)
    av.logging.restore_default_callback()


class VideoSource(Source):
    """A video file: frames as displayed, with the file's timestamps.

    Args:
        path: the file.
        limits: what it may be.

    Raises:
        SourceError: not a video, one without a picture, or one that is too large.
        OSError: this system lacks memory or files.
    """

    kind = "video"

    def __init__(self, path: Path, limits: SourceLimits = DEFAULT_LIMITS) -> None:
        super().__init__(path, path.stem)
        self._limits = limits
        self._pipe = None if is_regular(path) else Pipe(path, limits)
        try:
            self._container = _opened(path, self._pipe, limits.max_pixels)
        except BaseException:
            self._close_pipe()
            raise
        if not self._container.streams.video:
            self.close()
            raise SourceError(f"{path} has no video stream")
        stream = self._container.streams.video[0]
        if cast("object", stream.codec_context) is None:  # which its type does not say
            self.close()
            raise SourceError(f"the codec of {path} has no decoder here: convert the video first")
        try:
            limits.check_pixels(path, (stream.height, stream.width))
        except SourceError:
            self.close()
            raise
        unclaimed = self._pipe is None and not stream.frames
        self._cut = unclaimed and is_cut(path, self._container.format.name)
        # of frames that threads have under way some are lost with the last packet, if that is cut
        stream.thread_type = "SLICE" if self._cut else "AUTO"
        stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}  # if they grow
        held = _HELD_PIXELS // max(1, stream.height * stream.width)
        if held < available_threads():  # each thread of the decoder holds a frame
            stream.codec_context.thread_count = max(1, held)
        self._stream = stream
        self._read = self._failed = 0  # packets
        self._corrupt = 0  # frames that the decoder had to patch
        self._behind = 0  # packets without a frame so far, where a part began
        self._unread_before = 0  # packets that were not found so far, likewise
        self._place = 0  # of the last packet in the file, bytes
        self._end = 0  # of the last packet, in units of the time base
        rate = stream.average_rate or stream.guessed_rate or _DEFAULT_FPS
        self._frame_pts = max(1, round(1 / (rate * (stream.time_base or 1 / rate))))
        self.facts = VideoFacts(
            width=stream.width,
            height=stream.height,
            fps=float(rate),
            time_base=stream.time_base or 1 / rate,
            rotation=0,
            frames=stream.frames or None,
        )

    @property
    def lost(self) -> int:
        """See `Source`."""
        return self._failed

    def frames(self, part: Part = WHOLE, stopped: Stopped = never) -> Iterator[Frame]:
        """See `Source`.

        What lies before the part is decoded and dropped: a jump in the file would not give every
        frame the index and time that it has in the whole.
        """
        decoded = chosen = 0
        seconds = 0.0
        to_the_end = True
        for index, (pts, picture, seconds) in enumerate(self._timed()):
            if stopped():
                return
            if part.is_over(seconds):
                to_the_end = False
                break
            decoded = index + 1
            if seconds < part.start_s:
                continue
            if chosen == 0 and index > 0:
                self._forget_losses(index, picture)
            if chosen >= part.skip:
                yield Frame(_displayed(picture), index, pts, float(pts * self.facts.time_base))
            chosen += 1
            if chosen == part.limit:
                to_the_end = False
                break
        if decoded and not chosen:
            raise SourceError(f"{self.path} has no frames {part}: it ends after {seconds:.3f}")
        self._check(decoded, chosen, to_the_end=to_the_end)

    def _timed(self) -> Iterator[tuple[int, VideoFrame, float]]:
        """Each frame with its timestamp, which goes forward, and its seconds after the first."""
        pts = shift = first = 0
        for index, picture in enumerate(self._pictures()):
            if index == 0:
                self.facts = self.facts.displayed(_displayed(picture).shape, picture.rotation)
                pts = first = picture.pts or 0
            elif picture.pts is None:
                pts += self._frame_pts
            else:
                pts, shift = self._forward(pts, picture.pts, shift)
            yield pts, picture, float((pts - first) * self.facts.time_base)

    def _forget_losses(self, index: int, picture: VideoFrame) -> None:
        """A part begins with this frame: what lacks before it is no loss."""
        self._failed, self._corrupt = 0, int(picture.is_corrupt)
        self._behind = self._read - index
        self._unread_before = self._unread(self._place)

    def _forward(self, before: int, pts: int, shift: int) -> tuple[int, int]:
        """The next timestamp and what to add to those that follow; time must go forward.

        A repeated timestamp moves by one tick. Where time starts again, as in joined recordings,
        all that follows is moved behind what came before.
        """
        if pts + shift > before:
            return pts + shift, shift
        if before - (pts + shift) <= _REPEATS * self._frame_pts:
            return before + 1, shift
        after = before + self._frame_pts
        return after, after - pts

    def _pictures(self) -> Iterator[VideoFrame]:
        """Each frame that can be decoded."""
        for packet in self._packets():
            self._note(packet)
            try:
                for picture in packet.decode():
                    if isinstance(picture, VideoFrame):
                        self._corrupt += picture.is_corrupt
                        yield picture
            except av.FFmpegError as error:
                if error.errno in _SCARCE:
                    raise
                self._failed += 1

    def _note(self, packet: Any) -> None:
        if packet.size > 0:
            self._read += not packet.is_discard  # an edit list hides those
            time = packet.dts if packet.pts is None else packet.pts
            self._place = packet.pos or 0
            self._end = max(self._end, (time or 0) + (packet.duration or 0))

    def _is_short(self) -> bool:
        """Whether frames lack at the end, not only in between (AVI files drop repeated ones)."""
        stream = self._stream
        if self._cut or (self._pipe is not None and self._pipe.problem):
            return True
        if stream.frames and stream.duration:
            end = (stream.start_time or 0) + stream.duration
            return self._read < stream.frames and self._end < end - self._frame_pts / 2
        end_s = _tagged_end_s(stream.metadata.get("DURATION", ""))
        return self._end * self.facts.time_base < end_s - _TAG_TOLERANCE_S

    def _check(self, decoded: int, chosen: int, *, to_the_end: bool) -> None:
        """Count what lacks of the chosen frames, and say so."""
        if decoded == 0:
            raise SourceError(f"no frame of {self.path} could be decoded")
        claimed = self.facts.frames or 0
        short = to_the_end and self._is_short()
        unread = self._unread() - self._unread_before if to_the_end else 0
        missing = self._failed + unread
        if to_the_end and (missing or self._corrupt):  # else packets without a frame are usual
            missing = max(missing, unread + self._read - decoded - self._behind)
        if short and self._claims_too_much():
            short = False
            if not (missing or self._corrupt):
                self.notice = f"{self.path} claims {claimed} frames and holds {decoded}"
        if short:
            missing = max(missing, claimed - decoded)
        expected = None if short and not claimed else chosen + missing
        self.count = FrameCount(expected, chosen, self._corrupt, missing)
        some = f"{chosen} of {expected} frames could be decoded"
        patched = f", {self._corrupt} of them with damaged parts" if self._corrupt else ""
        if short:
            some = some if claimed else f"only {chosen} frames could be decoded"
            problem = self._pipe.problem if self._pipe else ""
            what = problem or f"{self.path} is cut short"
            raise SourceCut(f"{what}: {some}{patched}", self.count)
        if missing or self._corrupt:
            raise SourceDamaged(f"{self.path} is damaged: {some}{patched}", self.count)

    def _is_avi(self) -> bool:
        return bool(self._container.format.name == "avi")

    def _unread(self, until: float = math.inf) -> int:
        """Packets in the index of an AVI file, up to a place, that were not found."""
        if not self._is_avi():
            return 0
        index = self._stream.index_entries
        listed = sum(entry.size > 0 and entry.pos <= until for entry in index)
        return max(listed - self._read, 0)

    def _claims_too_much(self) -> bool:
        """Whether all of an AVI file is there, whatever number of frames its header states."""
        if self._cut or not self._is_avi():
            return False
        with self.path.open("rb") as file:
            size = int.from_bytes(file.read(8)[4:], "little")  # RIFF, then what follows, bytes
        return size + 8 <= self.path.stat().st_size

    def _packets(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:  # the data ends in the middle of a packet
                if error.errno in _SCARCE:
                    raise
                self._cut = True
                return

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            self._pipe.close()


def _opened(path: Path, pipe: Pipe | None, max_pixels: int) -> InputContainer:
    try:
        options = {"max_pixels": str(max_pixels)}
        source = pipe or str(path.absolute())
        return av.open(source, "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        if error.errno in _SCARCE:
            raise OSError(error.errno, error.strerror, str(path)) from error
        if pipe is not None and pipe.problem:
            raise SourceError(pipe.problem) from error
        raise SourceError(
            f"{path} is not a video or an image, or a damaged one: {error.strerror}"
        ) from error


def _tagged_end_s(tag: str) -> float:
    """Seconds of Matroska's `hours:minutes:seconds`; 0 if it is something else."""
    match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", tag)
    if match is None:
        return 0.0
    hours, minutes, seconds = map(float, match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _displayed(picture: VideoFrame) -> UInt8Array:
    """(H, W, 3) RGB, turned as a player would show it."""
    image = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    turns = round(picture.rotation / 90) % 4  # counter-clockwise, as np.rot90
    return np.ascontiguousarray(np.rot90(image, turns))  # PyAV strides over odd widths
