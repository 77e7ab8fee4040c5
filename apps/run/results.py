"""What a run leaves behind: the files of one source, and when they count as whole."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...formats import FORMATS, PosesWriter, PoseWriter
from ...structures import Frame, Skeleton
from ...structures.arrays import UInt8Array
from ...trackers import TrackedFrame
from ..media.sources import Source
from ..media.writers import VideoWriter, write_image
from .folders import ResultFolder
from .names import safe_name, unused_name
from .options import RunOptions


class ResultWriter:
    """Writes one source's frames to its files.

    Args:
        folder: where; made if it is missing. Earlier results are removed once nothing speaks
            against new ones.
        source: one whose first frame was read.
        header: of the native record.
        skeleton: of all poses.
        options: which formats to write beside the native record, and what to draw.

    Raises:
        ValueError: a format or the video cannot hold the poses or images.
        OSError: a file cannot be made.
    """

    def __init__(
        self,
        folder: ResultFolder,
        source: Source,
        header: dict[str, Any],
        skeleton: Skeleton,
        options: RunOptions,
    ) -> None:
        for name in options.formats:
            if source.kind == "image" and FORMATS[name].poses == "people":
                raise ValueError(f"{source.path} is one image, and {name} holds tracks")
        folder.path.mkdir(parents=True, exist_ok=True)
        _remove(folder.leftovers())
        self._folder = folder
        self._stills = options.stills or source.kind == "image"
        self._single = source.kind == "image"
        self._taken: set[str] = set()
        self._video: VideoWriter | None = None
        if options.draw and not self._stills:
            facts = source.facts
            size = (facts.height, facts.width)
            self._video = VideoWriter(folder.partial_video, size, facts.time_base, facts.fps)
        self._formats: list[tuple[str, PoseWriter]] = [
            (FORMATS[name].poses, FORMATS[name].open(folder.format_file(name), skeleton))
            for name in options.formats
        ]
        _remove(folder.results())
        self._records = PosesWriter(folder.poses, header)

    def write(self, item: TrackedFrame, painted: UInt8Array | None) -> None:
        """Append one frame.

        Args:
            item: the frame with its poses and people.
            painted: the image with the people drawn; None where nothing is drawn.
        """
        self._records.write(item.frame, item.tracked)
        for kind, writer in self._formats:
            writer.write(item.frame, item.decoded if kind == "decoded" else item.people)
        if painted is None:
            return
        if self._video is not None:
            self._video.write(painted, item.frame.pts)
        else:
            write_image(self._still_path(item.frame), painted)

    def _still_path(self, frame: Frame) -> Path:
        if self._single:
            return self._folder.picture
        self._folder.drawn.mkdir(exist_ok=True)
        name = unused_name(safe_name(Path(frame.name).stem), self._taken)
        return self._folder.drawn / f"{name}.png"

    def close(self, frames: int, *, complete: bool) -> None:
        """Finish every file, even if one cannot be; only a complete run's files look complete.

        Raises:
            OSError: a file could not be finished; the native record then has no end line.
        """
        with self._records, ExitStack() as unfinished:  # without an end line, unless it has one
            for _, writer in self._formats:
                unfinished.callback(writer.close, False)  # does nothing once it was finished
            if self._video is not None:
                self._video.close()
            if not complete:
                return
            if self._video is not None:
                self._folder.partial_video.replace(self._folder.video)
            for _, writer in self._formats:
                writer.close(True)
            self._records.end(frames)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink()
