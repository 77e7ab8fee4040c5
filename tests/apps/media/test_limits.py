"""Sources that ask for more than they may: refused by their header, before anything is decoded."""

from __future__ import annotations

import io
import os
import struct
import threading
import time
import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from media import clip_images, grey_images, write_images, write_video
from posetrack.apps.media import read_images, read_video, writers
from posetrack.apps.media.image_size import image_size
from posetrack.apps.media.images import SUFFIXES
from posetrack.apps.media.limits import SourceLimits
from posetrack.apps.media.reading import open_source
from posetrack.apps.media.sources import SourceCut
from posetrack.apps.media.writers import VideoWriter
from posetrack.structures import SourceError


def png(path, width, height):
    """A PNG whose header is right and whose data is short."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


@pytest.mark.parametrize("suffix", [*sorted(SUFFIXES - {".jfif"}), ".gif", ".jp2"])
@pytest.mark.parametrize("size", [(37, 300), (300, 37)])
def test_size_stands_in_the_header_of_every_format(suffix, size):
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    whole, data = cv2.imencode(suffix, image[..., 0] if suffix == ".pgm" else image)
    assert whole
    assert image_size(io.BytesIO(data.tobytes())) == size
    assert image_size(io.BytesIO(data.tobytes()[:6])) is None


@pytest.mark.parametrize("flags", [[], [cv2.IMWRITE_WEBP_QUALITY, 101]])
def test_size_of_lossy_and_lossless_webp(flags):
    data = cv2.imencode(".webp", np.zeros((30, 70, 3), np.uint8), flags)[1].tobytes()
    assert image_size(io.BytesIO(data)) == (30, 70)


def test_what_is_no_image_has_no_size():
    for data in (b"", b"hello", bytes(1000), b"\xff\xd8\xff" + bytes(5000), b"II*\0" + bytes(99)):
        assert image_size(io.BytesIO(data)) is None


def test_image_is_refused_by_its_header(tmp_path):
    path = png(tmp_path / "huge.png", 100_000, 100_000)
    with pytest.raises(SourceError, match="measures 100000x100000, more than 100 million pixels"):
        read_images(path)
    write_images(tmp_path, ["a.png"], grey_images(1))
    assert len(list(read_images(tmp_path / "a.png", max_pixels=64 * 48))) == 1
    with pytest.raises(SourceError, match=r"a.png measures 64x48.*allow it with --max-pixels 3072"):
        read_images(tmp_path / "a.png", max_pixels=64 * 48 - 1)


def test_video_is_refused_by_its_header(tmp_path):
    path = write_video(tmp_path / "a.mp4", grey_images(2))
    assert len(list(read_video(path, max_pixels=64 * 48))) == 2
    with pytest.raises(SourceError, match=r"a.mp4 measures 64x48.*allow it with --max-pixels 3072"):
        read_video(path, max_pixels=64 * 48 - 1)


def test_only_as_much_of_a_file_is_read_as_its_picture_needs(tmp_path):
    write_images(tmp_path, ["a.png"], grey_images(1))
    with (tmp_path / "a.png").open("r+b") as file:
        file.truncate(1 << 40)  # a hole of a terabyte
    assert len(list(read_images(tmp_path / "a.png"))) == 1


@pytest.mark.parametrize("name", ["zero.png", "zero.mp4", "pipe.png", "pipe.mp4"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, name):
    path = tmp_path / name
    if name.startswith("zero"):
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    with pytest.raises(SourceError, match="is not a regular file: use --pipe-timeout"):
        open_source(path)
    images = "and images are read from those alone"
    with pytest.raises(SourceError, match=images if name.endswith("png") else r"nothing|not a v"):
        open_source(path, limits=SourceLimits(pipe_timeout_s=0.2))


@pytest.fixture
def pipe(tmp_path):
    """A pipe, and a function that sends bytes into it and holds it open until the test ends."""
    path, over = tmp_path / "pipe.mkv", threading.Event()
    os.mkfifo(path)

    def send(data):
        with path.open("wb", buffering=0) as file:
            file.write(data)
            over.wait(60)

    def start(data):
        threading.Thread(target=send, args=(data,), daemon=True).start()
        return path

    yield start
    over.set()


def test_video_from_a_pipe_is_the_same(tmp_path, clips):
    images = clip_images(clips / "face-demographics-walking.mp4", 8)
    video = write_video(tmp_path / "a.mkv", images)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(video.read_bytes()))
    writer.start()
    with open_source(pipe, limits=SourceLimits(pipe_timeout_s=30)) as source:
        frames = list(source.frames())
    writer.join()
    for frame, whole in zip(frames, read_video(video), strict=True):
        assert frame.time_s == whole.time_s
        np.testing.assert_array_equal(frame.image, whole.image)


def test_silence_ends_a_pipe_and_what_came_is_kept(tmp_path, clips, pipe):
    images = clip_images(clips / "face-demographics-walking.mp4", 30)
    data = write_video(tmp_path / "a.mkv", images).read_bytes()
    path = pipe(data[: len(data) * 3 // 4])
    with open_source(path, limits=SourceLimits(pipe_timeout_s=0.5)) as source:
        frames = source.frames()
        next(frames)
        with pytest.raises(SourceCut, match=r"pipe.mkv sent nothing for 0.5 s .*only \d+ frames"):
            list(frames)


def test_silent_pipe_notices_a_signal(pipe):
    start = time.monotonic()
    limits = SourceLimits(pipe_timeout_s=60, stopped=lambda: time.monotonic() > start + 0.3)
    with pytest.raises(SourceError, match="interrupted while waiting for data"):
        open_source(pipe(b""), limits=limits)
    with pytest.raises(SourceError, match="interrupted while waiting for data"):
        open_source(Path("/dev/ptmx"), limits=limits)


class Counting:
    """A stream that counts the packets that its encoder gave."""

    def __init__(self, stream):
        self.stream, self.packets = stream, 0

    def encode(self, picture):
        packets = self.stream.encode(picture)
        self.packets += len(packets)
        return packets


@pytest.mark.parametrize(("large", "held"), [(1 << 40, True), (64 * 48 - 1, False)])
def test_encoder_holds_no_frames_back_where_they_are_large(tmp_path, monkeypatch, large, held):
    monkeypatch.setattr(writers, "_LARGE", large)
    images = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), np.uint8)
    with VideoWriter(tmp_path / "a.mp4", (48, 64), Fraction(1, 25), 25.0) as writer:
        writer._stream = stream = Counting(writer._stream)
        for pts, image in enumerate(images):
            writer.write(image, pts)
        assert (stream.packets < 4) == held
    assert len(list(read_video(tmp_path / "a.mp4"))) == 6
