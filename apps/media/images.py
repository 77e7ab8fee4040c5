"""Single images and folders of images."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...structures import Frame, SourceError
from ...structures.arrays import UInt8Array
from .image_size import image_size
from .limits import DEFAULT_LIMITS, SourceLimits, is_regular
from .sources import WHOLE, FrameCount, Part, Source, SourceDamaged, Stopped, VideoFacts, never

SUFFIXES = frozenset({
    ".bmp", ".dib", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif",
    ".tiff", ".webp",
})  # fmt: skip
DEFAULT_FPS = 25.0
# What of a file is read at most: four channels of 32 bits, colour profiles, thumbnails.
_BYTES_PER_PIXEL, _OTHER_BYTES = 16, 64 << 20


def is_image(path: Path) -> bool:
    """Whether the name is that of an image."""
    return path.suffix.lower() in SUFFIXES


def read_image(path: Path, limits: SourceLimits = DEFAULT_LIMITS) -> UInt8Array:
    """(H, W, 3) uint8 RGB, turned as the file's orientation tag says.

    Raises:
        SourceError: not a readable image, or one that is too large.
    """
    import cv2

    try:
        data = np.frombuffer(_image_bytes(path, limits), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise SourceError(f"{path} is not an image that can be read: {error.err}") from error
    if image is None:
        raise SourceError(f"{path} is not an image, or a damaged one")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _image_bytes(path: Path, limits: SourceLimits) -> bytes:
    """The file, once its header says that its picture is not too large."""
    if not is_regular(path):
        raise SourceError(f"{path} is not a regular file, and images are read from those alone")
    with path.open("rb") as file:
        size = image_size(file)
        if size is None:
            raise SourceError(f"{path} is not an image, or a damaged one")
        limits.check_pixels(path, size)
        needed = _BYTES_PER_PIXEL * size[0] * size[1] + _OTHER_BYTES
        file.seek(0)
        return file.read(min(needed, path.stat().st_size))


class ImageSource(Source):
    """One image.

    Args:
        path: the file.
        limits: what it may be.

    Raises:
        SourceError: not a readable image.
    """

    kind = "image"

    def __init__(self, path: Path, limits: SourceLimits = DEFAULT_LIMITS) -> None:
        super().__init__(path, path.stem)
        self._image = read_image(path, limits)
        height, width = self._image.shape[:2]
        self.facts = VideoFacts(width, height, DEFAULT_FPS, 1 / Fraction(DEFAULT_FPS), 0, 1)

    def frames(self, part: Part = WHOLE, stopped: Stopped = never) -> Iterator[Frame]:
        """See `Source`."""
        if part.start_s or part.end_s is not None:
            raise ValueError(f"{self.path} is one image: it has no part {part}")
        if not (part.skip or stopped()):
            yield Frame(self._image, 0, 0, 0.0, self.path.name)
        self.count = FrameCount(1, 1)


class FolderSource(Source):
    """The images of a folder, in the order of their names.

    Args:
        path: the folder.
        fps: images per second, where they belong together.
        same_size: refuse an image of another size than the first, as a video must.
        limits: what each image may be.

    Raises:
        SourceError: there are no images in it.
    """

    kind = "images"

    def __init__(
        self, path: Path, fps: float, *, same_size: bool, limits: SourceLimits = DEFAULT_LIMITS
    ) -> None:
        super().__init__(path, path.resolve().name)
        self._files = sorted(file for file in path.iterdir() if file.is_file() and is_image(file))
        if not self._files:
            raise SourceError(f"the folder {path} holds no images ({', '.join(sorted(SUFFIXES))})")
        self.names = tuple(file.name for file in self._files)
        time_base = 1 / Fraction(fps).limit_denominator(1001)
        self.facts = VideoFacts(0, 0, fps, time_base, 0, len(self._files))
        self._same_size, self._limits = same_size, limits

    def frames(self, part: Part = WHOLE, stopped: Stopped = never) -> Iterator[Frame]:
        """See `Source`; an image that cannot be read is left out, its index too."""
        first: tuple[int, ...] | None = None
        problems: dict[str, SourceError] = {}
        read = 0
        for index, file in self._chosen(part):
            if stopped():
                return
            if read == part.limit:
                break
            known = read < part.skip and file.name not in part.unreadable
            if not known or first is None:  # whose size all others must have
                try:
                    image = read_image(file, self._limits)
                except SourceError as error:
                    problems[file.name] = error
                    self.unreadable = tuple(problems)
                    continue
                first = first or self._begin(image)
                self._check_size(file, image.shape, first)
            if not known:
                yield Frame(image, index, index, float(index * self.facts.time_base), file.name)
            read += 1
        self._check(read, problems, part)

    def _chosen(self, part: Part) -> Iterator[tuple[int, Path]]:
        """Index and file of every image in a part."""
        for index, file in enumerate(self._files):
            seconds = float(index * self.facts.time_base)
            if seconds >= part.start_s and not part.is_over(seconds):
                yield index, file

    def _begin(self, image: UInt8Array) -> tuple[int, ...]:
        self.facts = self.facts.displayed(image.shape, 0)
        return image.shape

    def _check_size(self, file: Path, shape: tuple[int, ...], first: tuple[int, ...]) -> None:
        if self._same_size and shape != first:
            raise SourceError(
                f"{file} measures {shape[1]}x{shape[0]}, the first image {first[1]}x{first[0]}: "
                "use --stills for images that do not belong together"
            )

    def _check(self, read: int, problems: dict[str, SourceError], part: Part) -> None:
        """Count what could not be read, and say so."""
        lost = tuple(problems)
        self.count = FrameCount(read + len(lost), read, missing=len(lost), unreadable=lost)
        if not lost and not read:
            raise SourceError(f"{self.path} has no images {part}: it has {len(self._files)} in all")
        if not lost:
            return
        problem = problems[lost[0]]
        if not read:
            raise problem
        more = f", and {len(lost) - 1} more could not be read" if len(lost) > 1 else ""
        done = f"{read} of {read + len(lost)} images done"
        raise SourceDamaged(f"{problem}{more}: {done}", self.count)
