"""What a run leaves behind: the files of one source, and when they count as whole."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from ...formats import FORMATS, PosesWriter, PoseWriter
from ...structures import Frame, Skeleton
from ...structures.arrays import UInt8Array
from ...trackers import TrackedFrame
from ..media.sources import Source
from ..media.writers import VideoWriter, fast_start, write_image
from .folders import ResultFolder
from .names import safe_name, unused_name
from .options import RunOptions
from .watch import Watch


class ResultWriter:
    """Writes one source's frames to its files.

    Args:
        folder: where; it is there and claimed. Earlier results stay until `begin`.
        source: one whose first frame was read.
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
        skeleton: Skeleton,
        options: RunOptions,
    ) -> None:
        for name in options.formats:
            if source.kind == "image" and FORMATS[name].poses == "people":
                raise ValueError(f"{source.path} is one image, and {name} holds tracks")
        self._folder = folder
        self._stills = options.stills or source.kind == "image"
        self._single = source.kind == "image"
        self._taken: set[str] = set()
        self._video: VideoWriter | None = None
        self._formats: list[tuple[str, PoseWriter]] = []
        self._records: PosesWriter | None = None
        self._watch = Watch(())
        self.files = self._planned(source, options)
        _remove(folder.unfinished())
        with ExitStack() as undo:
            undo.callback(self.discard)
            if options.draw and not self._stills:
                facts = source.facts
                size = (facts.height, facts.width)
                self._video = VideoWriter(folder.partial_video, size, facts.time_base, facts.fps)
            for name in options.formats:
                writer = FORMATS[name].open(folder.format_file(name), skeleton)
                self._formats.append((FORMATS[name].poses, writer))
            undo.pop_all()

    def _planned(self, source: Source, options: RunOptions) -> list[Path]:
        """Every file that this run may write."""
        folder = self._folder
        files = [folder.poses, folder.report, *map(folder.format_file, options.formats)]
        if not options.draw:
            return files
        if not self._stills:
            return [*files, folder.video, folder.partial_video]
        if self._single:
            return [*files, folder.picture]
        taken: set[str] = set()
        return [*files, *(self._drawn_path(name, taken) for name in source.names)]

    def _drawn_path(self, name: str, taken: set[str]) -> Path:
        return self._folder.drawn / f"{unused_name(safe_name(Path(name).stem), taken)}.png"

    def begin(self, header: dict[str, Any], report: dict[str, Any]) -> None:
        """Replace the earlier results: from here on the folder says that a run is under way.

        Args:
            header: of the native record.
            report: `run.json` of a run that begins; it lists the earlier files and the new ones.

        Raises:
            OSError: a file cannot be made; no new one stays.
        """
        keep = [*self._folder.unfinished(), self._folder.report]
        earlier = [file for file in self._folder.listed() if file not in keep]
        with ExitStack() as undo:
            undo.callback(self.discard)
            self._folder.write_report(report)
            _remove(earlier)
            undo.callback(_remove, [self._folder.poses, self._folder.report])
            self._records = PosesWriter(self._folder.poses, header)
            undo.pop_all()
        self._watch = Watch((self._folder.poses, *self._folder.unfinished()))

    def discard(self) -> None:
        """Close everything before the first frame and leave nothing unfinished."""
        for _, writer in self._formats:
            writer.close(False)
        if self._video is not None:
            with suppress(OSError):
                self._video.close()
        _remove(self._folder.unfinished())

    def write(self, item: TrackedFrame, painted: UInt8Array | None) -> None:
        """Append one frame.

        Args:
            item: the frame with its poses and people.
            painted: the image with the people drawn; None where nothing is drawn.
        """
        assert self._records is not None, "begin comes first"
        self._watch.check()
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
        path = self._drawn_path(frame.name, self._taken)
        if os.path.lexists(path):
            raise FileExistsError(f"{path} is not of an earlier run: move it away")
        return path

    def close(self, frames: int, reason: str | None) -> None:
        """Finish every file, even if one cannot be.

        Args:
            frames: how many were decoded.
            reason: of the end, for the native record; None where the run did not reach the end of
                its source: nothing then looks whole.

        Raises:
            OSError: a file could not be finished; the native record then has no end line.
        """
        assert self._records is not None, "begin comes first"
        with self._records, ExitStack() as unfinished:  # without an end line, unless it has one
            for _, writer in self._formats:
                unfinished.callback(writer.close, False)  # does nothing once it was finished
            if self._video is not None:
                self._video.close()
            if reason is None:
                return
            if self._video is not None:
                fast_start(self._folder.partial_video, self._folder.video)
                self._folder.partial_video.unlink()
            for _, writer in self._formats:
                writer.close(True)
            self._records.end(frames, reason)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
