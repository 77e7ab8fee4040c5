"""What a user can choose about a run."""

from __future__ import annotations

from dataclasses import dataclass

from ...trackers.people import MAX_WAITING_BYTES
from ..flow_loading import OFF
from ..media.images import DEFAULT_FPS
from ..media.limits import MAX_PIXELS
from ..media.sources import Part


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a user can choose about a run beside the model."""

    min_score: float | None = None  # poses below are not recorded; None = the model's
    track: bool = True
    tracker: str = "fast"  # a name in `PRESETS`
    flow: str = OFF  # or what else `open_flow` takes
    fps: float = DEFAULT_FPS  # of a folder of images
    stills: bool = False  # images of a folder do not belong together
    start_s: float = 0.0  # which part is wanted, in seconds from the first frame
    end_s: float | None = None
    max_frames: int | None = None  # stop after this many
    draw: bool = True  # write the drawn video or images
    formats: tuple[str, ...] = ()  # names of `formats.FORMATS`
    parallel: int = 1  # frames in the network at once
    max_pixels: int = MAX_PIXELS  # of one image or frame
    max_waiting_mb: int = MAX_WAITING_BYTES >> 20  # of frames whose people are not yet settled
    pipe_timeout: float | None = None  # seconds that a pipe may be silent; None takes no pipes

    @property
    def part(self) -> Part:
        """Of each source."""
        return Part(self.start_s, self.end_s, self.max_frames)
