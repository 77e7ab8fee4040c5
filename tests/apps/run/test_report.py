"""What a run says of itself: how it ended, how far it came, what it found."""

import pytest
from posetrack.apps.run.report import (
    Complete,
    Damaged,
    Failed,
    Interrupted,
    Running,
    RunReport,
    Tally,
)

COMPLETE = Complete()


def report(
    ending=COMPLETE, *, tally=None, tracks=0, frames=None, first=0.25, start=0.0, limit=None
):
    return RunReport(
        source="clip.mp4",
        source_mark="",
        model={"name": "movenet-multipose"},
        backend="onnxruntime",
        device="cpu",
        precision="fp32",
        libraries={},
        options={"start_s": start, "end_s": None, "max_frames": limit},
        source_frames={},
        video={"frames": frames, "fps": 25.0},
        tally=tally or Tally(),
        tracks=tracks,
        score_limits=None,
        resumed_at=[],
        seconds=2.0,
        seconds_to_first_frame=first,
        stages={},
        machine={},
        peak_memory_mb=512,
        files=["run.json"],
        ending=ending,
    )


def counted(*people):
    tally = Tally()
    for count in people:
        tally.add(count)
    return tally


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (Complete(), "complete"),
        (Complete("it claims too much"), "complete"),
        (Damaged("3 frames lack", "damaged"), "damaged"),
        (Damaged("b.png is no image", "partial"), "partial"),
        (Interrupted(), "interrupted"),
        (Running(), "running"),
        (Failed("the disk is full"), "failed: the disk is full"),
    ],
)
def test_reason_of_the_file_is_the_ending(ending, reason):
    assert report(ending).as_json()["reason"] == reason


def test_file_counts_frames_people_and_speed():
    values = report(tally=counted(2, 0, 3, 1), tracks=4).as_json()
    found = {name: values[name] for name in ("frames", "people", "people_max", "tracks", "fps")}
    assert found == {"frames": 4, "people": 6, "people_max": 3, "tracks": 4, "fps": 2.0}
    assert (values["seconds"], values["seconds_to_first_frame"]) == (2.0, 0.25)
    assert report(first=None).as_json()["seconds_to_first_frame"] is None


@pytest.mark.parametrize(
    ("people", "tracks", "sentence"),
    [
        ([], 0, "0 frames, 0.0 FPS: no people found"),
        ([0], 0, "1 frame, 0.5 FPS: no people found"),
        ([1], 0, "1 frame, 0.5 FPS: 1 person"),
        ([2, 1], 0, "2 frames, 1.0 FPS: 2 people at most"),
        ([1, 1], 1, "2 frames, 1.0 FPS: 1 track, at most 1 person at once"),
        ([2, 1], 3, "2 frames, 1.0 FPS: 3 tracks, at most 2 people at once"),
    ],
)
def test_summary_is_one_line(people, tracks, sentence):
    assert report(tally=counted(*people), tracks=tracks).summary() == sentence


@pytest.mark.parametrize(
    ("frames", "limit", "sentence"),
    [
        (None, None, "2 frames"),
        (900, None, "2 of 900 frames"),
        (0, None, "2 frames"),
        (900, 40, "2 of 40 frames"),
        (30, 40, "2 of 30 frames"),
        (None, 40, "2 of 40 frames"),
    ],
)
def test_how_far_names_the_whole_that_was_asked_for(frames, limit, sentence):
    assert report(tally=counted(1, 1), frames=frames, limit=limit).how_far() == sentence


def test_how_far_names_the_part_that_was_asked_for():
    assert report(tally=counted(1), frames=100, start=3.0).how_far() == "1 of 25 frames"
