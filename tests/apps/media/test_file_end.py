"""Files whose layout tells that they were cut off, though no header counts their frames."""

from __future__ import annotations

import av
import pytest
from media import all_of, clip_images, grey_images, write_video
from posetrack.apps.media.file_end import is_cut
from posetrack.apps.media.sources import SourceCut
from posetrack.apps.media.video import VideoSource

FRAMES = 35
FRAGMENTS = {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}


@pytest.fixture(scope="module", params=["fragments.mp4", "video.flv", "video.mkv", "video.ts"])
def whole(request, clips, tmp_path_factory):
    """A video of a container without a count of frames."""
    folder = tmp_path_factory.mktemp("whole")
    images = clip_images(clips / "face-demographics-walking.mp4", FRAMES)
    source = write_video(folder / "source.mp4", images)
    path = folder / request.param
    options = FRAGMENTS if path.suffix == ".mp4" else {}
    with av.open(str(source)) as old, av.open(str(path), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def frames_without_threads(path):
    """How many can be decoded one packet after the other."""
    count = 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        for packet in container.demux(video=0):
            try:
                count += len(packet.decode())
            except av.FFmpegError:
                continue
    return count


def container_name(path):
    with av.open(str(path)) as container:
        return container.format.name


def test_a_whole_file_is_not_cut(whole):
    assert not is_cut(whole, container_name(whole))
    with VideoSource(whole) as source:
        assert len(list(source.frames())) == FRAMES
        assert source.count.missing == 0


@pytest.mark.parametrize("part", [0.5, 0.6, 0.7, 0.96])
def test_a_cut_file_says_so_and_loses_no_frame_that_can_be_decoded(whole, tmp_path, part):
    path, data = tmp_path / whole.name, whole.read_bytes()
    path.write_bytes(data[: int(len(data) * part) // 188 * 188 + 100])  # in a packet of a .ts file
    with VideoSource(path) as source:
        frames, ended = all_of(source.frames())
    assert isinstance(ended, SourceCut)
    assert f"is cut short: only {len(frames)} frames could be decoded" in str(ended)
    assert 0 < len(frames) == frames_without_threads(path)
    assert ended.count.expected is None


def test_bytes_behind_the_boxes_are_no_cut(tmp_path):
    path = write_video(tmp_path / "v.mp4", grey_images(3))
    name, data = container_name(path), path.read_bytes()
    for behind in (b"\0" * 5, b"\0" * 100, b"\xff" * 100, b"\0\0\xff\xffnote"):
        path.write_bytes(data + behind)
        assert not is_cut(path, name)
    path.write_bytes(data + b"\0\0\xff\xffmdat")
    assert is_cut(path, name)


@pytest.mark.parametrize("name", ["mov,mp4,m4a,3gp,3g2,mj2", "flv", "matroska,webm", "mpegts"])
@pytest.mark.parametrize("size", [0, 1, 7, 200])
def test_short_files_are_no_error(tmp_path, name, size):
    path = tmp_path / "short"
    path.write_bytes(b"\1" * size)
    assert is_cut(path, name) == (name == "flv")
