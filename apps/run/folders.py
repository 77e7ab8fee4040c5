"""Where the results of each source lie, and what of an earlier run lies there."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...formats import FORMATS
from ...structures.partial_file import SUFFIX, partial_path, whole_file
from .names import safe_name, unused_name

_DRAWN = "drawn"


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
    def snapshot(self) -> Path:
        """What a run that is under way or was stopped needs to go on."""
        return self.path / "run.partial.npz"

    @property
    def picture(self) -> Path:
        """The drawn single image."""
        return self.path / f"{self.stem}.png"

    @property
    def drawn(self) -> Path:
        """The drawn images of a folder of unrelated ones."""
        return self.path / _DRAWN

    def format_file(self, name: str) -> Path:
        """The file of an entry of `FORMATS`."""
        return self.path / f"{self.stem}{FORMATS[name].suffix}"

    def names(self) -> list[Path]:
        """Every file that a run can write, apart from drawn images of a folder."""
        formats = [self.format_file(name) for name in FORMATS]
        return [self.poses, self.report, self.video, self.picture, *formats]

    def earlier(self) -> list[Path]:
        """All that is known to be of an earlier run: these alone are ever removed."""
        return list(dict.fromkeys((*self.listed(), *self.unfinished())))

    def listed(self) -> list[Path]:
        """The files that an earlier run lists in its `run.json`."""
        report = self.read_report() or {"files": []}
        names = [str(name) for name in report["files"] if _is_inside(PurePosixPath(str(name)))]
        return [file for name in names if _is_file(file := self.path / name)]

    def unfinished(self) -> list[Path]:
        """What a killed run left, and the video of one that did not end well; all say `partial`."""
        own = (self.partial_video, self.snapshot)
        partial = [partial_path(file) for file in (*self.names(), *own)]
        drawn = sorted(self.drawn.glob(f"*.png{SUFFIX}"))
        return [file for file in (*own, *partial, *drawn) if _is_file(file)]

    def read_report(self) -> dict[str, Any] | None:
        """`run.json` of an earlier run; None where there is none of ours."""
        if self.report.is_symlink() or not self.report.is_file():
            return None
        try:
            content = json.loads(self.report.read_text(encoding="utf-8"))
            ours = "posetrack" in content and isinstance(content["files"], list)
        except (KeyError, TypeError, ValueError):
            return None
        return dict(content) if ours else None

    def write_report(self, report: dict[str, Any], *, again: bool = False) -> None:
        """Write `run.json`, which appears whole or not at all.

        Args:
            report: its content.
            again: this run wrote one before; on a full disk its room is used again.
        """
        text = json.dumps(report, indent=2) + "\n"
        try:
            with whole_file(self.report) as partial:
                partial.write_text(text, encoding="utf-8")
        except OSError as error:
            if not again or error.errno != errno.ENOSPC:
                raise
            with self.report.open("r+", encoding="utf-8") as file:  # in the room that it has
                file.write(text)
                file.truncate()


def result_folders(sources: list[Path], output: Path) -> list[ResultFolder]:
    """A folder of results per source, named as `safe_name` says; equal names get -2, -3."""
    taken: set[str] = set()
    stems = [path.resolve().name if path.is_dir() else path.stem for path in sources]
    names = [unused_name(safe_name(stem), taken) for stem in stems]
    return [ResultFolder(output / name, name) for name in names]


def latest_of(
    source: Path, folder: ResultFolder, but: Collection[ResultFolder]
) -> ResultFolder | None:
    """The folder of a source's latest run, if there is one.

    Args:
        source: as the command names it.
        folder: where its results would go; those with a number behind the name are looked at too.
        but: these are not.
    """
    output = folder.path.parent
    name = re.compile(re.escape(folder.stem) + r"(-\d+)?")
    names = os.listdir(output) if output.is_dir() else []
    found = [ResultFolder(output / one, one) for one in names if name.fullmatch(one)]
    own = [
        one
        for one in found
        if one not in but and (one.read_report() or {}).get("source") == str(source)
    ]
    return max(own, key=lambda one: one.report.stat().st_mtime_ns, default=None)


def places_of(sources: list[Path]) -> dict[Path, Path]:
    """Each source and every folder above it, resolved -> a source that lies there."""
    real = {source: source.resolve() for source in sources}
    return {place: source for source, path in real.items() for place in (path, *path.parents)}


def check_place(folder: ResultFolder, places: Mapping[Path, Path]) -> None:
    """Refuse a folder that holds a source, or a file where a folder should be.

    Args:
        folder: of results.
        places: see `places_of`.

    Raises:
        FileExistsError: with the path and what to do.
    """
    source = places.get(folder.path.resolve())
    if source is not None:
        raise FileExistsError(
            f"the results of {folder.stem} would go into {folder.path}, where the source "
            f"{source} lies: choose another --output"
        )
    way = (folder.path, *folder.path.parents)
    blocked = next((path for path in way if _is_no_folder(path)), None)
    if blocked is not None:
        raise FileExistsError(f"{blocked} is not a folder: choose another --output")


def check_free(folder: ResultFolder, *, overwrite: bool) -> None:
    """Refuse earlier results, unless they may change, and whatever else is in the way.

    Raises:
        FileExistsError: with the path and what to do.
    """
    if folder.drawn.is_symlink():
        raise FileExistsError(f"{folder.drawn} is a link: choose another --output")
    earlier = folder.earlier()
    if earlier and not overwrite:
        resume = ", or --resume to go on with them" if folder.snapshot.is_file() else ""
        raise FileExistsError(
            f"{earlier[0]} exists: use --overwrite to replace the earlier results{resume}"
        )
    in_the_way = [file for file in folder.names() if os.path.lexists(file) and file not in earlier]
    if in_the_way:
        raise FileExistsError(
            f"{in_the_way[0]} is not of an earlier run: move it away, or choose another --output"
        )


def _is_no_folder(path: Path) -> bool:
    """Something else is there, such as a file or a link that leads nowhere."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return path.is_symlink()


def _is_file(path: Path) -> bool:
    """A file or a link, wherever it leads."""
    return path.is_symlink() or path.is_file()


def _is_inside(name: PurePosixPath) -> bool:
    """Directly in the folder or in its `drawn`, as every file of a run."""
    return name.name not in ("", "..") and str(name.parent) in (".", _DRAWN)
