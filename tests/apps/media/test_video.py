"""Videos in and out: times, turns, odd sizes, damage."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from media import (
    all_of,
    clip_images,
    copy_video,
    damaged,
    decoded,
    grey_images,
    truncated,
    turned,
    write_images,
    write_sound,
    write_video,
)
from posetrack.apps.media import read_video
from posetrack.apps.media.sources import Part, SourceCut, SourceDamaged
from posetrack.apps.media.video import VideoSource
from posetrack.apps.media.writers import VideoWriter, fast_start
from posetrack.structures import SourceError

UNEVEN_MS = [0, 40, 100, 110, 300, 305, 1000, 1040, 1041, 2500]
CLIP = "face-demographics-walking.mp4"
CLIP_FRAMES = 35


@pytest.fixture(scope="module")
def whole(clips, tmp_path_factory):
    """A clip whose index comes first."""
    path = tmp_path_factory.mktemp("whole") / "clip.mp4"
    return write_video(path, clip_images(clips / CLIP, CLIP_FRAMES), faststart=True)


def read(path):
    """Frames and facts of a video that is whole."""
    with VideoSource(path) as source:
        return list(source.frames()), source.facts


def read_damaged(path):
    """Frames of a video, and the error behind the last."""
    with VideoSource(path) as source:
        return all_of(source.frames())


def grey_levels(images):
    return [round(float(image.mean())) for image in images]


def test_every_frame_comes_once_in_order_with_its_time(tmp_path):
    frames, _ = read(write_video(tmp_path / "v.mp4", grey_images(12)))
    assert [frame.index for frame in frames] == list(range(12))
    assert np.allclose([frame.time_s for frame in frames], np.arange(12) / 25)
    expected = grey_levels(grey_images(12))
    assert np.allclose(grey_levels(f.image for f in frames), expected, atol=2)


@pytest.mark.parametrize("start_ms", [0, 5000])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_uneven_times_and_a_late_start_are_kept(tmp_path, suffix, start_ms):
    pts = [start_ms + ms for ms in UNEVEN_MS]
    path = write_video(
        tmp_path / f"v{suffix}", grey_images(10), pts=pts, time_base=Fraction(1, 1000)
    )
    frames, _ = read(path)
    assert np.allclose([frame.time_s for frame in frames], np.array(pts) / 1000)


def test_repeated_times_are_moved_forward(tmp_path):
    avi = write_video(tmp_path / "v.avi", grey_images(6), codec="mjpeg", pixels="yuvj420p")
    frames, _ = read(copy_video(tmp_path / "v.mkv", avi, [0, 40, 40, 40, 160, 200]))
    assert [frame.pts for frame in frames] == [0, 40, 41, 42, 160, 200]


def test_a_stream_without_times_gets_those_of_its_rate(tmp_path):
    frames, facts = read(write_video(tmp_path / "v.h264", grey_images(6)))
    assert np.allclose([frame.time_s for frame in frames], np.arange(6) / 25)
    assert facts.frames is None


def test_a_turned_video_is_read_as_displayed(tmp_path):
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = 200  # bright on the left
    plain = write_video(tmp_path / "plain.mp4", [image] * 3)
    frames, facts = read(turned(plain, tmp_path / "turned.mp4"))
    assert (facts.width, facts.height) == (48, 64)
    assert abs(facts.rotation) == 90
    bright = frames[0].image.mean(axis=(1, 2)) > 100  # of each row
    assert bright[:30].all()  # turned clockwise: left is up
    assert not bright[34:].any()


@pytest.mark.parametrize("size", [(271, 481), (5, 3), (1, 1)])
def test_odd_sizes_are_read_and_contiguous(tmp_path, size):
    path = write_video(tmp_path / "v.mkv", grey_images(3, size), codec="ffv1", pixels="yuv444p")
    frames, _ = read(path)
    assert [frame.image.shape for frame in frames] == [(*size, 3)] * 3
    assert all(frame.image.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_video_cut_short_gives_what_it_has_and_says_so(tmp_path, whole, part):
    path = truncated(whole, tmp_path / "cut.mp4", part)
    frames, ended = read_damaged(path)
    assert 0 < len(frames) < CLIP_FRAMES
    assert isinstance(ended, SourceCut)
    assert ended.count.decoded == len(frames)
    assert ended.count.missing == CLIP_FRAMES - len(frames)
    # where the cut falls into a frame, decoders make something of its first half
    assert ended.count.damaged <= 1
    told = f"{path} is cut short: {len(frames)} of {CLIP_FRAMES} frames could be decoded"
    assert str(ended) == told + ", 1 of them with damaged parts" * ended.count.damaged


def test_a_matroska_file_cut_short_is_noticed_by_its_stated_length(tmp_path, clips):
    images = clip_images(clips / CLIP, CLIP_FRAMES)
    times_ms = [100 * index for index in range(CLIP_FRAMES)]
    path = write_video(tmp_path / "v.mkv", images, pts=times_ms, time_base=Fraction(1, 1000))
    assert len(read(path)[0]) == CLIP_FRAMES
    frames, ended = read_damaged(truncated(path, tmp_path / "cut.mkv", 0.5))
    assert 0 < len(frames) < CLIP_FRAMES
    assert isinstance(ended, SourceCut)


def test_damage_in_the_middle_costs_few_frames_and_is_told(tmp_path, whole):
    path = damaged(whole, tmp_path / "damaged.mp4")
    frames, ended = read_damaged(path)
    assert CLIP_FRAMES - 5 <= len(frames) <= CLIP_FRAMES
    assert isinstance(ended, SourceDamaged)
    assert str(ended).startswith(f"{path} is damaged: {len(frames)} of ")
    assert ended.count.damaged + ended.count.missing > 0
    assert ended.count.decoded == len(frames)
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_half_a_file_of_zeros_is_counted(tmp_path, clips):
    whole = write_video(tmp_path / "whole.mp4", clip_images(clips / CLIP, CLIP_FRAMES))
    data = bytearray(whole.read_bytes())
    first, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    start = first + (end - first) // 2
    data[start:end] = bytes(end - start)
    (tmp_path / "gone.mp4").write_bytes(data)
    frames, ended = read_damaged(tmp_path / "gone.mp4")
    assert isinstance(ended, SourceDamaged)
    assert ended.count.missing + ended.count.damaged >= CLIP_FRAMES // 4
    assert len(frames) == ended.count.decoded


def test_avi_that_claims_more_than_it_holds_is_whole_and_one_cut_short_is_not(tmp_path, clips):
    whole = write_video(tmp_path / "whole.avi", clip_images(clips / CLIP, 20))
    data = bytearray(whole.read_bytes())
    for header in (data.index(b"avih") + 8 + 16, data.index(b"strh") + 8 + 32):
        assert int.from_bytes(data[header : header + 4], "little") == 20
        data[header : header + 4] = (900).to_bytes(4, "little")
    path = tmp_path / "claims.avi"
    path.write_bytes(data)
    with VideoSource(path) as source:
        frames, ended = all_of(source.frames())
        assert (len(frames), ended) == (20, None)
        assert source.notice == f"{path} claims 900 frames and holds 20"
    frames, ended = read_damaged(truncated(path, tmp_path / "cut.avi", 0.7))
    assert isinstance(ended, SourceCut)


def test_avi_with_damage_lacks_what_it_claims_beyond_what_it_holds(tmp_path, clips):
    whole = write_video(tmp_path / "whole.avi", clip_images(clips / CLIP, 20))
    data = bytearray(whole.read_bytes())
    at = 0
    for _ in range(6):
        at = data.index(b"00dc", at + 1)
    data[at : at + 600] = np.random.default_rng(3).bytes(600)  # header of a packet, and its data
    path = tmp_path / "damaged.avi"
    path.write_bytes(data)
    frames, ended = read_damaged(path)
    assert type(ended) is SourceDamaged
    assert ended.count.expected == 20
    assert ended.count.missing == 20 - len(frames) > 0
    assert f"is damaged: {len(frames)} of 20 frames could be decoded" in str(ended)
    with VideoSource(path) as source:  # what lacks before a part is no loss of it
        frames, ended = all_of(source.frames(Part(start_s=0.6)))
    assert (len(frames), ended) == (5, None)


def test_end_of_a_file_cut_short_matters_only_to_who_reads_that_far(tmp_path, whole):
    path = truncated(whole, tmp_path / "cut.mkv", 0.5)
    with VideoSource(path) as source:
        frames, ended = all_of(source.frames(Part(limit=3)))
    assert ([frame.index for frame in frames], ended) == ([0, 1, 2], None)


def test_codec_without_a_decoder_is_one_sentence(tmp_path, clips):
    path = write_video(tmp_path / "odd.mkv", clip_images(clips / CLIP, 2))
    data = path.read_bytes()
    assert data.count(b"V_MPEG4/ISO/AVC") == 1
    path.write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XVC"))
    with pytest.raises(SourceError, match=r"the codec of .*odd\.mkv has no decoder here: convert"):
        VideoSource(path)


def test_files_that_are_no_videos_are_refused_in_one_sentence(tmp_path, clips):
    text = tmp_path / "text.mp4"
    text.write_text("hello\n")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    plain = write_video(tmp_path / "plain.mp4", clip_images(clips / CLIP, 10))
    no_index = truncated(plain, tmp_path / "no_index.mp4", 0.5)
    for path in (text, empty, no_index):
        with pytest.raises(SourceError, match="is not a video or an image, or a damaged one"):
            VideoSource(path)
    with pytest.raises(SourceError, match=r"sound\.mp4 has no video stream"):
        VideoSource(write_sound(tmp_path / "sound.mp4"))


def test_a_name_with_a_colon_is_a_file_and_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = write_video(tmp_path / "plain.mp4", grey_images(3))
    colon = plain.rename(tmp_path / "take:2.mp4").relative_to(tmp_path)
    assert len(read(colon)[0]) == 3
    with VideoWriter(colon.with_name("new:1.mp4"), (8, 8), Fraction(1, 25), 25) as writer:
        writer.write(np.zeros((8, 8, 3), np.uint8), 0)
    assert (tmp_path / "new:1.mp4").is_file()


def test_read_video_raises_after_the_last_frame_of_a_cut_file(tmp_path, whole):
    frames = read_video(truncated(whole, tmp_path / "cut.mp4", 0.5))
    seen = 0
    with pytest.raises(SourceError, match="is cut short"):  # noqa: PT012 - a generator
        for _ in frames:
            seen += 1
    assert seen > 0
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        read_video(tmp_path / "nothing.mp4")
    with pytest.raises(FileNotFoundError, match=r"https://host/a\.mp4 is an address, and live"):
        read_video("https://host/a.mp4")


def test_read_video_refuses_images_with_what_reads_them(tmp_path):
    folder = write_images(tmp_path / "f", ["a.png"], grey_images(1))
    for path in (folder, folder / "a.png"):
        with pytest.raises(SourceError, match="is not a video: use read_images"):
            read_video(path)


@pytest.mark.parametrize("start", [0, 5000, 1 << 33])
@pytest.mark.parametrize("units", [1000, 15360, 90000])
def test_written_times_are_exactly_those_given(tmp_path, start, units):
    fragments, path = tmp_path / "out.partial.mp4", tmp_path / "out.mp4"
    with VideoWriter(fragments, (48, 64), Fraction(1, units), 8.5) as writer:
        for time, image in zip(UNEVEN_MS, grey_images(10), strict=True):
            writer.write(image, start + time)
    fast_start(fragments, path)
    for file in (fragments, path):
        shown = decoded(file)
        assert [round(time * units) for time, _ in shown] == [start + t for t in UNEVEN_MS]
        assert np.allclose(grey_levels(i for _, i in shown), grey_levels(grey_images(10)), atol=2)


WRITE = """
import os, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from posetrack.apps.media.writers import VideoWriter
writer = VideoWriter(Path(sys.argv[1]), (48, 64), Fraction(1, 25), 25)
for index in range(200):
    writer.write(np.full((48, 64, 3), index, np.uint8), index)
os._exit(1)
"""


def test_video_of_a_killed_process_plays_up_to_its_last_second(tmp_path):
    path = tmp_path / "out.mp4"
    subprocess.run([sys.executable, "-c", WRITE, str(path)], check=False)
    times = [time for time, _ in decoded(path)]
    assert times == [index / 25 for index in range(len(times))]
    assert len(times) >= 200 - 25


@pytest.mark.parametrize(("size", "even"), [((271, 481), (272, 482)), ((1, 1), (2, 2))])
def test_written_videos_play_in_browsers_at_even_sizes(tmp_path, size, even):
    fragments, path = tmp_path / "out.partial.mp4", tmp_path / "out.mp4"
    with VideoWriter(fragments, size, Fraction(1, 25), 25) as writer:
        for index, image in enumerate(grey_images(3, size)):
            writer.write(image, index)
    fast_start(fragments, path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.height, stream.width) == even
    assert len(decoded(path)) == 3
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it loads
    assert b"moof" not in data


def test_colours_survive_writing_and_reading(tmp_path):
    image = np.zeros((64, 96, 3), np.uint8)
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]])
    for column, colour in enumerate(colours):
        image[:, 32 * column : 32 * column + 32] = colour
    path = tmp_path / "out.mp4"
    with VideoWriter(path, (64, 96), Fraction(1, 25), 25) as writer:
        writer.write(image, 0)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        shown = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
    assert np.allclose(shown[32, 16::32], colours, atol=8)


def test_images_too_large_for_h264_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"17000x100 pixels do not fit .* --no-video"):
        VideoWriter(tmp_path / "out.mp4", (100, 17000), Fraction(1, 25), 25)
    assert list(tmp_path.iterdir()) == []


def test_time_that_begins_again_goes_on_behind_what_came_before(clips):
    with VideoSource(clips / CLIP) as source:
        tick = 512  # of this clip's time base, one frame
        assert source._forward(10 * tick, 11 * tick, 0) == (11 * tick, 0)
        assert source._forward(10 * tick, 10 * tick, 0) == (10 * tick + 1, 0)
        assert source._forward(10 * tick, 8 * tick, 0) == (10 * tick + 1, 0)
        pts, shift = source._forward(5000 * tick, 0, 0)
        assert pts > 5000 * tick
        after, again = source._forward(pts, tick, shift)
        assert after == pts + tick
        assert again == shift
