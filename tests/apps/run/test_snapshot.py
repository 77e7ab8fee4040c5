"""Snapshots: what goes in comes out, the file is whole at any time, and they come seldom."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from factories import make_poses
from posetrack.apps.run import snapshot
from posetrack.apps.run.snapshot import Snapshot, SnapshotPace, packed, unpacked
from posetrack.structures import Poses, ResultFileError


def test_snapshot_comes_back_as_it_was(tmp_path):
    path = tmp_path / "run.partial.npz"
    arrays = {"a_x": np.arange(3), "a_y": np.zeros((0, 2)), "b": np.array(1)}
    Snapshot({"é": [1, None]}, arrays).save(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    read = Snapshot.load(path)
    assert read.facts == {"é": [1, None]}
    assert set(read.part("a_")) == {"x", "y"}
    np.testing.assert_equal(read.arrays, arrays)


def test_snapshot_that_cannot_be_written_leaves_the_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "run.partial.npz"
    Snapshot({"frames": 1}, {}).save(path)

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        Snapshot({"frames": 2}, {}).save(path)
    assert Snapshot.load(path).facts == {"frames": 1}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_snapshot_with_objects_is_refused_unread(tmp_path):
    path = tmp_path / "run.partial.npz"
    with path.open("wb") as file:
        np.savez(file, facts=np.array([{}], object), data=np.zeros(0))
    with pytest.raises(ResultFileError, match="is damaged: use --overwrite"):
        Snapshot.load(path)
    Snapshot({}, {"a": np.array([{}], object)}).save(path)
    with pytest.raises(ResultFileError, match="is damaged: use --overwrite"):
        Snapshot.load(path)


@pytest.mark.parametrize("counts", [(), (0,), (0, 0), (2, 0, 3), (1,)])
@pytest.mark.parametrize("tracked", [True, False])
def test_poses_of_several_frames_are_a_few_arrays(counts, tracked):
    frames = [make_poses(count, seed=i, tracked=tracked) for i, count in enumerate(counts)]
    back = unpacked(packed(frames))
    assert len(back) == len(frames)
    for mine, theirs in zip(back, frames, strict=True):
        for part in fields(Poses):
            np.testing.assert_array_equal(getattr(mine, part.name), getattr(theirs, part.name))


def test_snapshots_take_no_more_than_a_small_share_of_the_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(snapshot, "perf_counter", lambda: now[0])
    pace = SnapshotPace()
    assert pace.is_due()
    for cost_s, wait_s in ((0.001, 2.0), (0.05, 5.0), (1.0, 10.0)):
        with pace.timed():
            now[0] += cost_s
        now[0] += wait_s - 0.01
        assert not pace.is_due()
        now[0] += 0.02
        assert pace.is_due()
