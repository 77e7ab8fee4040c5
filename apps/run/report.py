"""What a run found and how it ended: the content of `run.json`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, Literal, TypeAlias

from ..media.sources import Part


@dataclass(frozen=True, slots=True)
class Running:
    """Under way, or killed: a run that ends says how."""

    reason: ClassVar[str] = "running"  # of `run.json`, as of every ending


@dataclass(frozen=True, slots=True)
class Complete:
    """The source was read to its end.

    Attributes:
        notice: one sentence on what is odd and no loss, else empty.
    """

    notice: str = ""
    reason: ClassVar[str] = "complete"


@dataclass(frozen=True, slots=True)
class Damaged:
    """The source was read to its end and lacks frames; what could be read is done.

    Attributes:
        why: one sentence.
        reason: `damaged`, or `partial` where images of a folder lack.
    """

    why: str
    reason: Literal["damaged", "partial"]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Stopped by a signal, or together with the program."""

    reason: ClassVar[str] = "interrupted"


@dataclass(frozen=True, slots=True)
class Failed:
    """Something broke.

    Attributes:
        why: one sentence.
    """

    why: str

    @property
    def reason(self) -> str:
        """For `run.json`."""
        return f"failed: {self.why}"


Ending: TypeAlias = Running | Complete | Damaged | Interrupted | Failed
# Reasons of a run that came to the end of its source.
FINISHED = (Complete.reason, "damaged", "partial")


@dataclass(slots=True)
class Tally:
    """What has been found so far."""

    frames: int = 0
    people: int = 0  # summed over the frames
    people_max: int = 0  # in one frame

    def add(self, people: int) -> None:
        """Count one frame."""
        self.frames += 1
        self.people += people
        self.people_max = max(self.people_max, people)


@dataclass(frozen=True, slots=True)
class RunReport:
    """One source's run.

    Attributes:
        source: file or folder.
        source_mark: tells it from another of the same name.
        model: name, sha256 and licence of what was run.
        backend, device, precision: of the session.
        libraries: versions of what its numbers and pictures come from.
        options: the user's choices.
        video: facts of the source.
        source_frames: how many there should be, and what lacks.
        tally: frames and people.
        tracks: identities among the people.
        score_limits: from which pose scores on tracks start and go on: {"birth", "confident"}, the
            model's or learned up to the last frame; None before the first, and without tracking.
        resumed_at: frames behind which the run was stopped and gone on with.
        seconds: from the start to the end, without the time in between.
        seconds_to_first_frame: until the first frame was written; None if none was.
        stages: {stage: {"p50_ms", "p95_ms"}}, since it was last gone on with.
        machine: what it ran on.
        peak_memory_mb: of the process, earlier sources of the command included.
        files: names in the folder that are of this run, or while it runs may be.
        ending: why it ended.
    """

    source: str
    source_mark: str
    model: dict[str, Any]
    backend: str
    device: str
    precision: str
    libraries: dict[str, str]
    options: dict[str, Any]
    video: dict[str, Any]
    source_frames: dict[str, Any]
    tally: Tally
    tracks: int
    score_limits: dict[str, float] | None
    resumed_at: list[int]
    seconds: float
    seconds_to_first_frame: float | None
    stages: dict[str, dict[str, float]]
    machine: dict[str, Any]
    peak_memory_mb: int
    files: list[str]
    ending: Ending

    @property
    def fps(self) -> float:
        """Frames per second, end to end, after the model was loaded."""
        return self.tally.frames / self.seconds if self.tally.frames else 0.0

    def as_json(self) -> dict[str, Any]:
        """The content of `run.json`."""
        first = self.seconds_to_first_frame
        return {
            "posetrack": version("posetrack"),
            "source": self.source,
            "source_mark": self.source_mark,
            "model": self.model,
            "backend": self.backend,
            "device": self.device,
            "precision": self.precision,
            "libraries": self.libraries,
            "options": self.options,
            "video": self.video,
            "source_frames": self.source_frames,
            "frames": self.tally.frames,
            "people": self.tally.people,
            "people_max": self.tally.people_max,
            "tracks": self.tracks,
            "score_limits": self.score_limits,
            "resumed_at": self.resumed_at,
            "seconds": round(self.seconds, 3),
            "fps": round(self.fps, 2),
            "seconds_to_first_frame": None if first is None else round(first, 3),
            "stages": self.stages,
            "machine": self.machine,
            "peak_memory_mb": self.peak_memory_mb,
            "files": self.files,
            "reason": self.ending.reason,
        }

    def how_far(self) -> str:
        """`120 of 900 frames`."""
        frames, chosen = self.tally.frames, self.options
        part = Part(chosen["start_s"], chosen["end_s"], chosen["max_frames"])
        asked = part.length(self.video["frames"] or None, self.video["fps"])
        return f"{frames} of {asked} frames" if asked else _count(frames, "frame")

    def summary(self) -> str:
        """`900 frames, 36.5 FPS: 3 tracks, at most 2 people at once`."""
        frames, people = self.tally.frames, self.tally.people_max
        count = f"{_count(frames, 'frame')}, {self.fps:.1f} FPS"
        if self.tally.people == 0:
            return f"{count}: no people found"
        at_once = f"{people} {'people' if people > 1 else 'person'}"
        if self.tracks == 0:
            return f"{count}: {at_once}" + (" at most" if frames > 1 else "")
        return f"{count}: {_count(self.tracks, 'track')}, at most {at_once} at once"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
