"""Pictures of people whose id changed, cut from the video."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ....evaluation.video_tracks import Switch
from ....structures import SourceError
from ....structures.arrays import UInt8Array
from ...media.reading import open_source

PER_VIDEO = 24  # pictures; more would make the page heavy
_MARGIN = 0.25  # of the box's sides, around it
_HEIGHT = 220  # pixels at most
_QUALITY = 80  # JPEG


class Thumbnail(NamedTuple):
    """A picture of the frame before a switch and one of the frame of it, as a data URL."""

    switch: Switch
    data: str


def switch_thumbnails(video: Path, switches: Sequence[Switch]) -> list[Thumbnail]:
    """Pictures of the first switches of a video, at most `PER_VIDEO`.

    Args:
        video: a video, or a folder of its frames.
        switches: in the order of their frames.

    Raises:
        FileNotFoundError: there is no such video.
        SourceError: it cannot be read, or ends before the last of these switches.
    """
    wanted = list(switches[:PER_VIDEO])
    done: list[Thumbnail] = []
    before: UInt8Array | None = None
    with open_source(video) as source:
        for frame in source.frames():
            while wanted and wanted[0].frame == frame.index:
                switch = wanted.pop(0)
                pair = [frame.image] if before is None else [before, frame.image]
                done.append(Thumbnail(switch, _picture([_cut(image, switch) for image in pair])))
            if not wanted:
                return done
            before = frame.image
    raise SourceError(
        f"{video}: ends before frame {wanted[0].frame}: are these the frames of the tracks?"
    )


def video_of(name: str, given: Path, *, single: bool) -> Path:
    """The video of some tracks: the one that was given, or that of their name in a folder.

    Raises:
        FileNotFoundError: there is none in the folder.
    """
    if single and (given.is_file() or not (given / name).exists()):
        return given
    found = sorted(path for path in given.iterdir() if name in (path.stem, path.name))
    if not found:
        raise FileNotFoundError(f"{given}: there is no video and no folder of frames named {name}")
    return found[0]


def _cut(image: UInt8Array, switch: Switch) -> UInt8Array:
    """The surroundings of a box, with the box drawn."""
    sides = switch.box[2:] - switch.box[:2]
    low = np.maximum(switch.box[:2] - _MARGIN * sides, 0).astype(int)
    high = np.ceil(switch.box[2:] + _MARGIN * sides).astype(int)
    height, width = image.shape[:2]
    x1, y1 = min(low[0], width - 1), min(low[1], height - 1)
    x2, y2 = min(max(high[0], x1 + 1), width), min(max(high[1], y1 + 1), height)
    part = np.ascontiguousarray(image[y1:y2, x1:x2])
    corners = (switch.box.reshape(2, 2) - (x1, y1)).round().astype(int)
    cv2.rectangle(part, corners[0].tolist(), corners[1].tolist(), (255, 255, 255), 1, cv2.LINE_AA)
    scale = min(_HEIGHT / part.shape[0], 4)
    size = (max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1))
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _picture(images: Sequence[UInt8Array]) -> str:
    """Images of one height side by side, as a JPEG in a data URL."""
    height = min(image.shape[0] for image in images)
    gap = np.full((height, 4, 3), 255, np.uint8)
    parts = [part for image in images for part in (image[:height], gap)][:-1]
    joined = np.ascontiguousarray(np.concatenate(parts, axis=1)[:, :, ::-1])
    written, data = cv2.imencode(".jpg", joined, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
    assert written, "OpenCV can write JPEG"
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
