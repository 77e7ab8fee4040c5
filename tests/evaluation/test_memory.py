"""Long videos are scored in little memory."""

import tracemalloc

import numpy as np
from annotated import frame
from posetrack.evaluation.keypoint_ap import _PENDING
from posetrack.evaluation.video_tracks import VideoTracks


def test_a_long_video_keeps_little_of_each_frame():
    """Under 400 bytes for each person and frame: scores until they are merged, and who overlaps."""
    scores = np.round(np.random.default_rng(0).random((50, 2, 15)), 2)
    people = [frame({1: 100, 2: 300}, keypoint_scores=one) for one in scores]
    video = VideoTracks()

    def score(frames):
        for index in range(frames):
            video.update(people[0], people[index % len(people)])

    score(200)
    tracemalloc.start()
    try:
        score(1000)
        assert tracemalloc.get_traced_memory()[0] < 1000 * 2 * 400
    finally:
        tracemalloc.stop()


def test_equal_scores_are_merged_while_counting(monkeypatch):
    monkeypatch.setattr("posetrack.evaluation.keypoint_ap._PENDING", 100)
    assert _PENDING > 100
    merged, plain = VideoTracks(), VideoTracks()
    for index in range(40):
        truth = frame({1: 100, 2: 300})
        people = frame({1: 100, 2: 300 + 10 * (index % 3)}, score=round(0.1 * (index % 7), 1))
        merged.update(truth, people)
        monkeypatch.setattr("posetrack.evaluation.keypoint_ap._PENDING", _PENDING)
        plain.update(truth, people)
        monkeypatch.setattr("posetrack.evaluation.keypoint_ap._PENDING", 100)
    assert sum(map(len, merged.ap._scores)) <= 100
    for a, b in zip(merged.ap.result(), plain.ap.result(), strict=True):
        np.testing.assert_allclose(a.curve, b.curve)
        assert a.ap == b.ap
