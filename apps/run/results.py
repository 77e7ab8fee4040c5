"""What a run leaves behind: the files of one source, and when they count as whole."""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from ...formats import FORMATS, PosesWriter, PoseWriter
from ...structures import Frame, Poses, Skeleton
from ...structures.arrays import UInt8Array
from ...structures.partial_file import partial_path
from ...trackers import TrackedFrame
from ..media.sources import Source, VideoFacts
from ..media.writers import VideoWriter, fast_start, write_image
from .folders import ResultFolder
from .names import safe_name, unused_name
from .options import RunOptions
from .snapshot import Snapshot, packed
from .watch import Watch


class ResultWriter:
    """Writes one source's frames to its files.

    Args:
        folder: where; it is there and claimed. Earlier results stay until `begin`.
        source: one whose first frame was read.
        skeleton: of all poses.
        options: which formats to write beside the native record, and what to draw.
        snapshot: of the run that is gone on with; its files are opened where they were then.

    Raises:
        ValueError: a format or the video cannot hold the poses or images.
        ResultFileError: a file is not as the snapshot says.
        OSError: a file cannot be made.
    """

    def __init__(
        self,
        folder: ResultFolder,
        source: Source,
        skeleton: Skeleton,
        options: RunOptions,
        snapshot: Snapshot | None = None,
    ) -> None:
        for name in options.formats:
            if source.kind == "image" and FORMATS[name].poses == "people":
                raise ValueError(f"{source.path} is one image, and {name} holds tracks")
        self._folder = folder
        self._stills = source.kind == "image" or (options.stills and source.kind == "images")
        self._single = source.kind == "image"
        self._drawn = self._drawn_paths(source.names)
        self._video: VideoWriter | None = None
        self._unsafe: deque[Poses] = deque()  # people of the last frames, which the video may lose
        self._formats: dict[str, PoseWriter] = {}
        self._records: PosesWriter | None = None
        self._watch = Watch(())
        self._snapshot = snapshot
        self.files = self._planned(options)
        # pictures that the run had drawn when it was stopped are drawn again
        self._own = set() if snapshot is None else set(folder.listed())
        if snapshot is None:
            _remove(folder.unfinished())
        with ExitStack() as undo:
            undo.callback(self.discard)
            if options.draw and not self._stills:
                self._video = self._open_video(source.facts)
            for name in options.formats:
                state = None if snapshot is None else snapshot.facts["formats"][name]
                path = folder.format_file(name)
                self._formats[name] = FORMATS[name].open(path, skeleton, state)
            undo.pop_all()

    def _open_video(self, facts: VideoFacts) -> VideoWriter:
        path, kept = self._folder.partial_video, 0
        if self._snapshot is not None:
            kept = self._snapshot.facts["first"]
            if self._folder.video.is_file():  # the run was stopped while it finished
                self._folder.video.replace(path)
        return VideoWriter(path, (facts.height, facts.width), facts.time_base, facts.fps, kept)

    def _planned(self, options: RunOptions) -> list[Path]:
        """Every file that this run may write."""
        folder = self._folder
        files = [folder.poses, folder.report, *map(folder.format_file, options.formats)]
        if not options.draw:
            return files
        if not self._stills:
            return [*files, folder.video, folder.partial_video]
        return [*files, folder.picture] if self._single else [*files, *self._drawn.values()]

    def _drawn_paths(self, names: tuple[str, ...]) -> dict[str, Path]:
        """Image of a folder -> the picture drawn of it."""
        taken: set[str] = set()
        stems = (unused_name(safe_name(Path(name).stem), taken) for name in names)
        pictures = (self._folder.drawn / f"{stem}.png" for stem in stems)
        return dict(zip(names, pictures, strict=True))

    def begin(self, header: dict[str, Any], report: dict[str, Any]) -> None:
        """Replace earlier results, or go on: from here on `run.json` says that a run is under way.

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
            state = None
            if self._snapshot is None:
                _remove(earlier)
                undo.callback(_remove, [self._folder.poses, self._folder.report])
            else:
                state = self._snapshot.facts["records"]
            self._records = PosesWriter(self._folder.poses, header, state)
            undo.pop_all()
        formats = map(partial_path, map(self._folder.format_file, self._formats))
        self._watch = Watch((self._folder.poses, *formats))  # the video's writer watches over it

    def discard(self) -> None:
        """Close everything before the first frame; leave nothing unfinished but earlier work."""
        for writer in self._formats.values():
            writer.close(False)
        if self._video is not None:
            with suppress(OSError):
                self._video.close()
        if self._snapshot is None:
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
        for name, writer in self._formats.items():
            decoded = FORMATS[name].poses == "decoded"
            writer.write(item.frame, item.decoded if decoded else item.people)
        if painted is not None:
            self.draw(item.frame, item.people, painted)

    def draw(self, frame: Frame, people: Poses, painted: UInt8Array) -> None:
        """Append a frame to the video, or draw it alone.

        Args:
            frame: the frame.
            people: in it.
            painted: the image with them.
        """
        if self._video is None:
            write_image(self._still_path(frame), painted)
            return
        self._unsafe.append(people)
        before = self._video.safe
        self._video.write(painted, frame.pts)
        for _ in range(self._video.safe - before):
            self._unsafe.popleft()

    def state(self) -> Snapshot:
        """How far the files have come; all that was written is in them, but for the video's end.

        The video holds the frames before number `first` for sure; those behind it are drawn again
        from the people of the arrays.
        """
        assert self._records is not None, "begin comes first"
        self._watch.check()
        records = self._records.state()
        facts = {
            "records": records,
            "formats": {name: writer.state() for name, writer in self._formats.items()},
            "first": records["frames"] if self._video is None else self._video.safe,
        }
        return Snapshot(facts, packed(self._unsafe))

    def _still_path(self, frame: Frame) -> Path:
        if self._single:
            return self._folder.picture
        self._folder.drawn.mkdir(exist_ok=True)
        path = self._drawn[frame.name]
        if os.path.lexists(path) and path not in self._own:
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
            for writer in self._formats.values():
                unfinished.callback(writer.close, False)  # does nothing once it was finished
            if self._video is not None:
                self._video.close()
            if reason is None:
                return
            if self._video is not None:
                fast_start(self._folder.partial_video, self._folder.video)
                self._folder.partial_video.unlink()
            for writer in self._formats.values():
                writer.close(True)
            self._records.end(frames, reason)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
