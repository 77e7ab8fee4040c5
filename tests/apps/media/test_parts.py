"""A part of a source: frames keep the numbers and times of the whole, and its rest is no loss."""

from __future__ import annotations

from fractions import Fraction

import pytest
from media import (
    all_of,
    clip_images,
    damaged,
    grey_images,
    truncated,
    write_images,
    write_video,
)
from posetrack.apps.media.images import FolderSource, ImageSource
from posetrack.apps.media.sources import FrameCount, Part, SourceCut, SourceDamaged
from posetrack.apps.media.video import VideoSource
from posetrack.structures import SourceError

CLIP = "face-demographics-walking.mp4"


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Twenty grey frames at 25 per second."""
    return write_video(tmp_path_factory.mktemp("parts") / "v.mp4", grey_images(20))


def read(source, *part, **options):
    """Frames, the error behind them, and the source's count."""
    with source:
        frames, error = all_of(source.frames(Part(*part, **options)))
        return frames, error, source.count


def indices(frames):
    return [frame.index for frame in frames]


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ((0.2,), range(5, 20)),
        ((0.2, 0.4), range(5, 10)),
        ((0.0, 0.39), range(10)),
        ((0.19, None, 3), range(5, 8)),
        ((0.0, 99.0), range(20)),
    ],
)
def test_part_of_a_video_is_the_same_frames_with_the_same_times(video, part, wanted):
    whole, _, _ = read(VideoSource(video))
    frames, error, count = read(VideoSource(video), *part)
    assert (indices(frames), error) == (list(wanted), None)
    assert count == FrameCount(len(wanted), len(wanted))
    for frame in frames:
        same = whole[frame.index]
        assert (frame.pts, frame.time_s) == (same.pts, same.time_s)
        assert (frame.image == same.image).all()


def test_seconds_count_from_the_first_frame_whenever_that_is(tmp_path):
    times = [7000 + 40 * i for i in range(20)]
    path = tmp_path / "late.mkv"
    late = write_video(path, grey_images(20), pts=times, time_base=Fraction(1, 1000))
    frames, error, _ = read(VideoSource(late), 0.4, 0.6)
    assert (indices(frames), error) == (list(range(10, 15)), None)
    assert frames[0].time_s == pytest.approx(7.4)


@pytest.mark.parametrize("start_s", [0.0, 0.2])
def test_frames_that_are_known_are_counted_and_not_given_out(video, start_s):
    whole, _, _ = read(VideoSource(video), start_s, limit=12)
    frames, _, count = read(VideoSource(video), start_s, limit=12, skip=7)
    assert indices(frames) == indices(whole)[7:]
    assert count == FrameCount(12, 12)


def test_what_lacks_outside_of_a_part_is_no_loss(tmp_path, clips):
    images = clip_images(clips / CLIP, 35) * 3
    whole = write_video(tmp_path / "whole.mp4", images, faststart=True)
    bad = damaged(whole, tmp_path / "bad.mp4")  # in its middle, near two seconds
    assert isinstance(read(VideoSource(bad))[1], SourceDamaged)
    for part in ((0.0, 1.0), (3.2,)):
        assert read(VideoSource(bad), *part)[1] is None
    cut = truncated(whole, tmp_path / "cut.mp4", 0.5)
    assert read(VideoSource(cut), 0.0, 1.0)[1] is None
    frames, error, _ = read(VideoSource(cut), 0.4)
    assert isinstance(error, SourceCut)
    assert frames[0].index == 10


def test_part_behind_the_end_is_an_error(video, tmp_path):
    with pytest.raises(SourceError, match=r"v\.mp4 has no frames from 3 to 4 s.*ends after 0\.76"):
        list(VideoSource(video).frames(Part(3.0, 4.0)))
    folder = write_images(tmp_path / "f", ["1.png"], grey_images(1))
    with pytest.raises(SourceError, match="f has no images from 3 seconds: it has 1 in all"):
        list(FolderSource(folder, 25.0, same_size=True).frames(Part(3.0)))


def test_part_of_a_folder_is_read_alone(tmp_path):
    names = [f"{i}.png" for i in range(8)]
    folder = write_images(tmp_path / "f", names, grey_images(8))
    for bad in (0, 3, 7):
        (folder / names[bad]).write_text("no image")
    frames, error, count = read(FolderSource(folder, 10.0, same_size=True), 0.2, 0.6)
    assert (indices(frames), [frame.time_s for frame in frames]) == ([2, 4, 5], [0.2, 0.4, 0.5])
    assert error.count == count == FrameCount(4, 3, missing=1, unreadable=("3.png",))
    frames, error, count = read(
        FolderSource(folder, 10.0, same_size=True), skip=3, unreadable=frozenset({"0.png", "3.png"})
    )
    assert indices(frames) == [5, 6]
    assert count == FrameCount(8, 5, missing=3, unreadable=("0.png", "3.png", "7.png"))


def test_one_image_has_no_part(tmp_path):
    write_images(tmp_path, ["a.png"], grey_images(1))
    with pytest.raises(ValueError, match=r"a\.png is one image: it has no part from 1 seconds"):
        list(ImageSource(tmp_path / "a.png").frames(Part(1.0)))


def test_reading_that_is_stopped_says_nothing_of_what_lacks(tmp_path, video, clips):
    whole = write_video(tmp_path / "whole.mkv", clip_images(clips / CLIP, 20))
    cut = truncated(whole, tmp_path / "cut.mkv", 0.6)
    for source in (VideoSource(video), VideoSource(cut)):
        asked = []
        with source:
            frames = source.frames(Part(), lambda: asked.append(1) or len(asked) > 3)  # noqa: B023
            assert indices(frames) == [0, 1, 2]
            assert source.count == FrameCount()


@pytest.mark.parametrize(
    ("part", "frames", "length"),
    [
        (Part(), 50, 50),
        (Part(), None, None),
        (Part(limit=9), None, 9),
        (Part(1.0), 50, 25),
        (Part(1.0, 1.4), 50, 10),
        (Part(1.0, 9.0), 50, 25),
        (Part(1.0, 9.0, 4), 50, 4),
        (Part(0.0, 2.0), None, 50),
        (Part(3.0), 50, 0),
    ],
)
def test_length_of_a_part_is_known_as_far_as_that_of_the_source(part, frames, length):
    assert part.length(frames, 25.0) == length
