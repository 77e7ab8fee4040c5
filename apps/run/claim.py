"""One run at a time may write into a folder of results."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from ...structures.closeable import Closeable
from .folders import (
    ResultFolder,
    check_free,
    check_place,
    latest_of,
    places_of,
    result_folders,
)
from .names import unused_name

_LOCK = ".lock"
_OTHER_FILES = 256  # open beside the locks: libraries, models, sources, results
_TRIES = 100


class Claim(Closeable):
    """A folder that no other run writes into until this is closed, or its process has ended.

    The folder is made if it is not there; if it is empty at the end it goes again.

    Raises:
        FileExistsError: another run is writing into it.
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made: list[Path] = []
        self._lock: int | None = None
        try:
            self._lock = self._make_and_lock()
        except OSError:
            self._remove_folders()
            raise

    def _make_and_lock(self) -> int:
        """Another run may take the folder away while it is empty, but not every time."""
        for _ in range(_TRIES):
            self._make_folders()
            with suppress(FileNotFoundError):
                lock = self._try_lock()
                if lock is not None:
                    return lock
        raise FileNotFoundError(f"{self._path} cannot be made: choose another --output")

    def _make_folders(self) -> None:
        for folder in (*reversed(self._path.parents), self._path):
            with suppress(FileExistsError, FileNotFoundError):
                folder.mkdir()
                self._made.append(folder)

    def _try_lock(self) -> int | None:
        """The open lock file; None where it went away before it was locked."""
        path = self._path / _LOCK
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.lstat(path)):
                kept, lock = lock, -1
                return kept
        except BlockingIOError as error:
            raise FileExistsError(
                f"another run is writing into {self._path}: wait for it, choose another --output, "
                "or use --unique"
            ) from error
        finally:
            if lock >= 0:
                os.close(lock)
        return None

    def close(self) -> None:
        """Let other runs write into the folder; a second call does nothing."""
        if self._lock is None:
            return
        with suppress(OSError):  # somebody removed the folder
            (self._path / _LOCK).unlink()
        os.close(self._lock)
        self._lock = None
        self._remove_folders()

    def _remove_folders(self) -> None:
        """Remove the folders made here that hold nothing."""
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()


# What is done about results that lie there already.
Earlier: TypeAlias = Literal["refuse", "overwrite", "unique", "resume", "resume_unique"]


class Job(NamedTuple):
    """A source and the folder that is claimed for its results."""

    source: Path
    folder: ResultFolder
    claim: Claim
    resume: bool  # a stopped run is gone on with
    again: str  # the options that go on with this one


@contextmanager
def claimed_jobs(sources: list[Path], output: Path, earlier: Earlier) -> Iterator[list[Job]]:
    """Claim a folder for every source, from the check to the end of its run.

    Args:
        sources: files or folders.
        output: their results go into folders in it, see `result_folders`.
        earlier: results may be replaced, gone on with, or left beside the next free name, which is
            also taken where another run is writing. `resume_unique` goes on with a source's latest
            run, whatever its folder is called, and takes the next free name where there is none.

    Raises:
        FileExistsError: with the path and what to do.
        OSError: a folder cannot be made, or there are too many sources for this system.
    """
    _allow_open_files(len(sources))
    folders, places = result_folders(sources, output), places_of(sources)
    taken = {folder.stem for folder in folders}
    unique = earlier in ("unique", "resume_unique")
    with ExitStack() as stack:
        jobs: list[Job] = []
        for source, folder in zip(sources, folders, strict=True):
            check_place(folder, places)
            latest = None
            if earlier == "resume_unique":
                latest = latest_of(source, folder, [job.folder for job in jobs])
            resume = earlier == "resume" or latest is not None
            place, claim = _claim(
                latest or folder,
                taken,
                overwrite=resume or earlier == "overwrite",
                unique=unique and latest is None,
            )
            stack.enter_context(claim)
            again = "--resume --unique" if unique else "--resume"
            jobs.append(Job(source, place, claim, resume, again))
        yield jobs


def _claim(
    folder: ResultFolder, taken: set[str], *, overwrite: bool, unique: bool
) -> tuple[ResultFolder, Claim]:
    """Claim a folder, or if it must be unique and is not free, the next one that is."""
    output, stem = folder.path.parent, folder.stem
    while True:
        with ExitStack() as undo:
            try:
                claim = undo.enter_context(Claim(folder.path))
                check_free(folder, overwrite=overwrite)
            except FileExistsError:
                if not unique:
                    raise
            else:
                undo.pop_all()
                return folder, claim
        name = unused_name(stem, taken)
        folder = ResultFolder(output / name, name)


def _allow_open_files(jobs: int) -> None:
    """Raise this process's own limit, as far as the system lets it."""
    wanted = jobs + _OTHER_FILES
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now != resource.RLIM_INFINITY and now < wanted:
        if most != resource.RLIM_INFINITY and most < wanted:
            raise OSError(
                f"{jobs} source{'s need' if jobs > 1 else ' needs'} {wanted} open files and this "
                f"system allows {most}: allow more with `ulimit -n {wanted}`, or name fewer at once"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
