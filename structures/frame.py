"""One image of a video, of a folder, or alone."""

from dataclasses import dataclass

from .arrays import UInt8Array


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded image as it is displayed (rotation already applied).

    Attributes:
        image: (H, W, 3) uint8, RGB.
        index: position in decoding order, from 0.
        pts: presentation timestamp in units of the source's time base.
        time_s: presentation time in seconds.
        name: file name of a single image or of one in a folder; empty for a video.
    """

    image: UInt8Array
    index: int
    pts: int
    time_s: float
    name: str = ""
