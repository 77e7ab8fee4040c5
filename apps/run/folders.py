"""Where the results of each source lie, and what of an earlier run lies there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...formats import FORMATS
from ...structures.partial_file import SUFFIX, partial_path, whole_file
from .names import safe_name, unused_name


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
        partial = [partial_path(file) for file in whole]
        drawn = sorted(self.drawn.glob(f"*.png{SUFFIX}"))
        return [f for f in (self.partial_video, *partial, *drawn) if f.is_file()]

    def write_report(self, report: dict[str, Any]) -> None:
        """Write `run.json`, which appears whole or not at all."""
        with whole_file(self.report) as partial:
            partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def result_folders(sources: list[Path], output: Path) -> list[ResultFolder]:
    """A folder of results per source, named as `safe_name` says; equal names get -2, -3."""
    taken: set[str] = set()
    stems = [path.resolve().name if path.is_dir() else path.stem for path in sources]
    names = [unused_name(safe_name(stem), taken) for stem in stems]
    return [ResultFolder(output / name, name) for name in names]


def check_results(sources: list[Path], folders: list[ResultFolder], *, overwrite: bool) -> None:
    """Refuse to touch a source, a file in the way or, without `overwrite`, an earlier result.

    Raises:
        FileExistsError: with the path and what to do.
    """
    for folder in folders:
        inside = folder.path.resolve()
        for source in sources:
            if inside == source.resolve() or inside in source.resolve().parents:
                raise FileExistsError(
                    f"the results of {folder.stem} would go into {folder.path}, where the source "
                    f"{source} lies: choose another --output"
                )
        way = (folder.path, *folder.path.parents)
        blocked = next((path for path in way if path.exists() and not path.is_dir()), None)
        if blocked is not None:
            raise FileExistsError(f"{blocked} is not a folder: choose another --output")
        existing = [*folder.results(), *folder.leftovers()]
        if existing and not overwrite:
            raise FileExistsError(
                f"{existing[0]} exists: use --overwrite to replace the earlier results"
            )
