"""A video that is gone on with behind the frames that were safe when its writer was killed."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media import decoded
from posetrack.apps.media.safe_frames import SafeFrames
from posetrack.apps.media.writers import VideoWriter, fast_start, whole_fragments
from posetrack.structures import ResultFileError

FRAMES = 150
SIZE = (71, 96)


def steady(rng):
    return Fraction(1, 25), list(range(FRAMES))


def uneven(rng):
    steps = rng.choice([1, 2, 40, 41, 300, 900], FRAMES)
    return Fraction(1, 1000), np.cumsum(steps).tolist()


def image(index):
    """Two greys that tell its number, and a moving texture that makes the encoder work."""
    rng = np.random.default_rng(0)
    picture = np.roll(rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8), index, axis=1)
    picture[:40, :48], picture[:40, 48:] = (20 + 14 * digit for digit in divmod(index, 12))
    return picture


def numbers(path):
    """Which images a video shows."""
    halves = [(shown[5:35, :40].mean(), shown[5:35, -40:].mean()) for _, shown in decoded(path)]
    return [12 * round((a - 20) / 14) + round((b - 20) / 14) for a, b in halves]


def times_of(path, time_base):
    """Timestamps of all packets, and their decoding times, in units of a time base."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.dts is not None]
        unit = packets[0].time_base / time_base
        return [round(p.pts * unit) for p in packets], [p.dts * unit for p in packets]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("times", [steady, uneven])
def test_after_every_kill_the_video_goes_on_with_every_frame_at_its_time(tmp_path, times, seed):
    rng = np.random.default_rng(seed)
    time_base, pts = times(rng)
    folder, kept = tmp_path / "0", 0
    folder.mkdir()
    for number, stop in enumerate([*sorted(rng.choice(FRAMES, 4, replace=False)), FRAMES], 1):
        path = folder / "v.partial.mp4"
        with VideoWriter(path, SIZE, time_base, 25.0, kept) as writer:
            for index in range(kept, stop):
                writer.write(image(index), pts[index])
            if stop < FRAMES:  # a kill leaves what is in the files at this moment
                folder = tmp_path / str(number)
                shutil.copytree(path.parent, folder)
                kept = writer.safe
                if kept:
                    assert numbers(folder / path.name)[:kept] == list(range(kept))
    fast_start(path, tmp_path / "v.mp4")
    assert [file.name for file in folder.iterdir()] == ["v.partial.mp4"]
    assert numbers(tmp_path / "v.mp4") == list(range(FRAMES))
    shown, order = times_of(tmp_path / "v.mp4", time_base)
    assert sorted(shown) == pts
    assert all(a < b for a, b in itertools.pairwise(order))
    assert all(dts <= time for time, dts in zip(shown, order, strict=True))


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_all_but_about_a_second_is_safe(tmp_path, fps):
    with VideoWriter(tmp_path / "v.mp4", SIZE, Fraction(1, fps), float(fps)) as writer:
        for index in range(FRAMES):
            writer.write(image(index), index)
            assert index - writer.safe <= fps + 3  # those that a player shows before a safe cut


def test_earlier_file_stays_until_the_new_one_holds_as_much(tmp_path):
    path = tmp_path / "v.partial.mp4"
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0) as writer:
        for index in range(60):
            writer.write(image(index), index)
        kept = writer.safe
    before = path.read_bytes()
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0, kept) as writer:
        writer.write(image(kept), kept)
        assert path.read_bytes() == before
        assert writer.safe == kept
    assert numbers(path) == list(range(kept + 1))


def test_finished_file_can_be_gone_on_with_too(tmp_path):
    path = tmp_path / "v.partial.mp4"
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0) as writer:
        for index in range(60):
            writer.write(image(index), index)
        kept = writer.safe
    fast_start(path, tmp_path / "v.mp4")
    (tmp_path / "v.mp4").replace(path)
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0, kept) as writer:
        for index in range(kept, 70):
            writer.write(image(index), index)
    assert numbers(path) == list(range(70))


def test_file_that_lost_frames_is_refused_and_stays(tmp_path):
    path = tmp_path / "v.partial.mp4"
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0) as writer:
        writer.write(image(0), 0)
    before = path.read_bytes()
    with pytest.raises(ResultFileError, match="holds 1 frames where 5 were written: use --overwr"):
        VideoWriter(path, SIZE, Fraction(1, 25), 25.0, kept=5)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


FILL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_video_kept import SIZE, Fraction, VideoWriter, image
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
kept = safe = index = int(sys.argv[4])
try:
    with VideoWriter(Path(sys.argv[2]), SIZE, Fraction(1, 25), 25.0, kept) as writer:
        for index in range(kept, 150):
            writer.write(image(index), index)
            safe = writer.safe
finally:
    print(index, safe)
"""


def fill(path, most, kept=0):
    """Write until the file may not grow; frames written, and those that are safe."""
    arguments = [str(Path(__file__).parent), str(path), str(most), str(kept)]
    code = f"import sys; sys.path[:0] = {sys.path!r}\n{FILL}"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert "OSError: [Errno 27]" in done.stderr
    return map(int, done.stdout.split())


def test_what_a_full_disk_cut_off_is_dropped(tmp_path):
    path = tmp_path / "v.partial.mp4"
    with VideoWriter(path, SIZE, Fraction(1, 25), 25.0) as writer:
        for index in range(FRAMES):
            writer.write(image(index), index)
    written, kept = fill(path, path.stat().st_size // 2)
    shown = numbers(path)
    assert shown[:kept] == list(range(kept))
    assert written - 29 <= kept <= len(shown) <= written
    for room in (-2000, 2000):
        _, safe = fill(path, path.stat().st_size + room, kept)
        assert numbers(path)[:safe] == list(range(safe))
        assert safe >= kept
        assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_frames_are_safe_where_no_packet_of_a_later_frame_is_before_the_cut():
    frames = SafeFrames(0, 0)
    for pts in range(6):
        frames.add_frame(pts)
    order = [0, 3, 1, 2, 5, 4]  # 1 and 2 need 3, 4 needs 5
    safe = []
    for size, pts in enumerate(order, 1):
        frames.add_packet(pts, size)
        safe.append(frames.count)
    assert safe == [0, 1, 1, 1, 4, 4]


def test_what_is_behind_the_last_whole_fragment_is_not_counted(tmp_path):
    path = tmp_path / "cut.mp4"
    moov, fragment = b"\0\0\0\x0cmoov1234", b"\0\0\0\x0cmoof1234\0\0\0\x0cmdat1234"
    for kept in range(len(fragment)):
        path.write_bytes(moov + fragment + fragment[:kept])
        assert whole_fragments(path) == len(moov + fragment)
    path.write_bytes(moov[:9])
    assert whole_fragments(path) == 0
