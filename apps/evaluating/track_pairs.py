"""Which files of tracks, and which frames in them, are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from ...formats import open_tracks, posetrack18
from ...structures import Annotations, ResultFileError

_ENDINGS = (posetrack18.SUFFIX, ".json", ".jsonl")
_RECORD = "poses.jsonl"


@dataclass(frozen=True, slots=True)
class VideoPair:
    """Ground truth and predictions of one video; iterate for (truth, predictions) of every frame.

    Attributes:
        name: of the video.
        truth, predictions: the files.

    Raises:
        ResultFileError: while iterating: the files are not of the same frames.
    """

    name: str
    truth: Path
    predictions: Path

    def __iter__(self) -> Iterator[tuple[Annotations, Annotations]]:
        start: tuple[int, int] | None = None
        files = open_tracks(self.truth), open_tracks(self.predictions)
        for index, (truth, people) in enumerate(zip_longest(*files)):
            if truth is None or people is None:
                self._refuse_count(index)
            start = self._check_names(index, truth.file_name, people.file_name, start)
            yield truth, people

    def _refuse_count(self, common: int) -> None:
        counts = [sum(1 for _ in open_tracks(path)) for path in (self.truth, self.predictions)]
        raise ResultFileError(
            f"{self.predictions}: has {counts[1]} frames where {self.truth} has "
            f"{counts[0]}: every frame must be there, also those without people; the first "
            f"{common} agree"
        )

    def _check_names(
        self, index: int, truth: str, people: str, start: tuple[int, int] | None
    ) -> tuple[int, int] | None:
        """Refuse frames whose images are others; numbers may start at 0 in one file, at 1 in the
        other.
        """
        if not (truth and people):
            return start
        folders = [PurePosixPath(name).parent.name for name in (truth, people)]
        if all(folders) and folders[0] not in folders[1] and folders[1] not in folders[0]:
            raise ResultFileError(
                f"{self.predictions}: frame {index} is of {people!r}, that of "
                f"{self.truth} of {truth!r}: these are different videos"
            )
        numbers = (_number(truth), _number(people))
        if start is None or -1 in numbers or -1 in start:
            return start or numbers
        if numbers[0] - start[0] != numbers[1] - start[1]:
            raise ResultFileError(
                f"{self.predictions}: frame {index} is {people!r} where {self.truth} has "
                f"{truth!r}: every frame must be there, in the same order"
            )
        return start


def track_pairs(truth: Path, predictions: Path) -> list[VideoPair]:
    """The videos of two files, or of two folders, by name.

    Args:
        truth: a file, or a folder with one for each video.
        predictions: likewise; or a folder of runs, `<video>/<video>.posetrack18.json` or
            `<video>/poses.jsonl` in it.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ResultFileError: one is a folder and one is not, a video has no predictions, or predictions
            have no ground truth.
    """
    for path in (truth, predictions):
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {path}")
    if truth.is_dir() != predictions.is_dir():
        folder, file = (truth, predictions) if truth.is_dir() else (predictions, truth)
        raise ResultFileError(f"{folder} is a folder and {file} is not: give two of one kind")
    if not truth.is_dir():
        return [VideoPair(_stem(truth), truth, predictions)]
    true_files, files = video_files(truth), video_files(predictions)
    if not true_files:
        raise ResultFileError(f"{truth}: there is no ground truth, a .json file for each video")
    missing = [name for name in true_files if name not in files]
    if missing:
        raise ResultFileError(
            f"{predictions}: there are no predictions of {len(missing)} of {len(true_files)} "
            f"videos, the first of them {missing[0]}"
        )
    unknown = [name for name in files if name not in true_files]
    if unknown:
        raise ResultFileError(
            f"{files[unknown[0]]}: {truth} has no ground truth of this video: leave it out"
        )
    return [VideoPair(name, path, files[name]) for name, path in true_files.items()]


def video_files(folder: Path) -> dict[str, Path]:
    """{video: its file}: those in a folder, and those of the runs in it.

    Raises:
        ResultFileError: two files are of one video.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        candidates = [path]
        if path.is_dir():
            candidates = [path / f"{path.name}{posetrack18.SUFFIX}", path / _RECORD]
        there = [one for one in candidates if one.is_file() and one.name.endswith(_ENDINGS)]
        if there:
            name = path.name if path.is_dir() else _stem(path)
            if name in found:
                raise ResultFileError(f"{there[0]}: {found[name]} is of the same video")
            found[name] = there[0]
    return found


def _stem(path: Path) -> str:
    for suffix in _ENDINGS:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem


def _number(name: str) -> int:
    """The digits at the end of an image's name; -1 if there are none."""
    found = re.search(r"(\d+)$", PurePosixPath(name).stem)
    return int(found.group(1)) if found else -1
