"""What a run leaves behind: the folder of one source, its files, and when they count as whole."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...formats import FORMATS, PosesWriter, PoseWriter
from ...structures import Frame, Poses, Skeleton
from ...structures.arrays import UInt8Array
from ...trackers.look_ahead import TrackedFrame
from ..media.images import write_image
from ..media.sources import Source
from ..media.video import VideoWriter
from .options import RunOptions

COMPLETE = "complete"
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ResultFolder:
    """Where the results of one source lie."""

    path: Path  # DIR/<stem>
    stem: str

    @property
    def poses(self) -> Path:
        """The native record."""
        return self.path / "poses.jsonl"

    @property
    def report(self) -> Path:
        """The summary of the run."""
        return self.path / "run.json"

    @property
    def video(self) -> Path:
        """The drawn video; until it is whole its name says `partial`."""
        return self.path / f"{self.stem}.mp4"

    @property
    def partial_video(self) -> Path:
        """The drawn video of a run that is under way or did not end well; it still plays."""
        return self.path / f"{self.stem}.partial.mp4"

    @property
    def picture(self) -> Path:
        """The drawn single image."""
        return self.path / f"{self.stem}.png"

    @property
    def drawn(self) -> Path:
        """The drawn images of a folder of unrelated ones."""
        return self.path / "drawn"

    def format_file(self, name: str) -> Path:
        """The file of an entry of `FORMATS`."""
        return self.path / f"{self.stem}{FORMATS[name].suffix}"

    def results(self) -> list[Path]:
        """Files of an earlier run."""
        single = [self.poses, self.report, self.video, self.picture]
        formats = [self.format_file(name) for name in FORMATS]
        return [f for f in (*single, *formats, *sorted(self.drawn.glob("*.png"))) if f.is_file()]

    def leftovers(self) -> list[Path]:
        """Unfinished files of a run that was killed, and the video of one that did not end well."""
        whole = [self.report, self.picture, *(self.format_file(name) for name in FORMATS)]
        partial = [f.with_name(f.name + ".partial") for f in whole]
        drawn = sorted(self.drawn.glob("*.png.partial"))
        return [f for f in (self.partial_video, *partial, *drawn) if f.is_file()]

    def write_report(self, report: dict[str, Any]) -> None:
        """Write `run.json`, which appears whole or not at all."""
        partial = self.report.with_name(self.report.name + ".partial")
        partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.report)


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
            if source.kind == "image" and FORMATS[name].poses == "tracked":
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

    def write(self, item: TrackedFrame, shown: Poses, painted: UInt8Array | None) -> None:
        """Append one frame.

        Args:
            item: the frame and all its poses.
            shown: the poses that count as people.
            painted: the image with those drawn; None where nothing is drawn.
        """
        self._records.write(item.frame, item.tracked)
        for kind, writer in self._formats:
            writer.write(item.frame, item.decoded if kind == "decoded" else shown)
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
        name = unused_name(Path(frame.name).stem, self._taken)
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


def unused_name(name: str, taken: set[str]) -> str:
    """`name`, or `name-2`, `name-3` ... if it is taken; the answer is taken from now on."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate)
    return candidate
