"""The trackers that have names: what each of them does that the others do not."""

from dataclasses import replace

import numpy as np
import pytest
from factories import make_spec, people
from posetrack.structures import COCO_17, Observation, Poses
from posetrack.trackers import PRESETS, PoseTracker, TrackerConfig

RED, BLUE = np.float32([[1, 0, 0.2]]), np.float32([[0, 1, 0.2]])


def play(tracker, frames, fps=25.0, start_s=0.0):
    """Ids of every frame, a frame being centres and an embedding for each."""
    out = []
    for i, (centers, looks) in enumerate(frames):
        embeddings = np.concatenate(looks) if looks else None
        poses = people(centers, scores=0.8) if centers else Poses.empty(17)
        seen = Observation(poses, start_s + i / fps, None, embeddings)
        out.append(tracker.update(seen).track_ids.tolist())
    return out


def leaves_and_returns(tracker, seconds, back, looks=RED):
    """Ids of somebody who was there for a second, and of who comes `back` at that place."""
    play(tracker, [([100.0], [RED])] * 25)
    return play(tracker, [([back], [looks])] * 3, start_s=1.0 + seconds)


def best(**changes):
    return PoseTracker(COCO_17, replace(PRESETS["best"], **changes))


@pytest.mark.parametrize("seconds", [0.5, 5.0, 25.0])
def test_best_knows_a_person_again_who_comes_back_elsewhere(seconds):
    assert leaves_and_returns(best(), seconds, 900.0) == [[1]] * 3


def test_best_does_not_take_somebody_else_for_the_one_who_left():
    assert leaves_and_returns(best(), 2.0, 900.0, BLUE) == [[2]] * 3
    assert leaves_and_returns(best(return_s=10.0), 12.0, 900.0) == [[2]] * 3


@pytest.mark.parametrize(("jumper", "person"), [((200, 40, 40), 1), ((40, 60, 200), 2)])
def test_best_knows_a_person_again_by_clothes(jumper, person):
    def frame(center, color):
        image = np.full((600, 1200, 3), 130, np.uint8)
        poses = people([center], scores=0.8)
        x1, y1, x2, y2 = poses.boxes[0].astype(int)
        image[y1 : (y1 + y2) // 2, x1:x2], image[(y1 + y2) // 2 : y2, x1:x2] = color, (20, 30, 60)
        return poses, image

    tracker = best()
    for i in range(25):
        poses, image = frame(100.0, (200, 40, 40))
        tracker.update(Observation(poses, i / 25, image))
    poses, image = frame(900.0, jumper)
    assert tracker.update(Observation(poses, 8.0, image)).track_ids.tolist() == [person]


def test_best_does_not_give_the_id_of_one_who_is_there_to_another_who_looks_alike():
    tracker = best()
    play(tracker, [([100.0], [RED])] * 25)
    assert play(tracker, [([100.0, 900.0], [RED, RED])] * 3, start_s=1.0) == [[1, 2]] * 3


def test_best_tells_people_who_jump_past_each_other_by_their_looks():
    swap = [([100.0, 130.0], [RED, BLUE])] * 25 + [([130.0, 100.0], [RED, BLUE])] * 5
    assert play(best(), swap)[-1] == [1, 2]
    assert play(PoseTracker(COCO_17), swap)[-1] == [2, 1]


def test_best_without_looks_is_fast():
    rng = np.random.default_rng(5)
    steps = np.cumsum(rng.normal(0, 25, (60, 3)), axis=0) + np.array((200, 500, 800))
    frames = [([x for x in row if rng.random() < 0.8], []) for row in steps.tolist()]
    assert play(best(), frames) == play(PoseTracker(COCO_17), frames)


def test_looks_are_part_of_the_state(tmp_path):
    first, second = best(), best()
    play(first, [([100.0, 300.0], [RED, BLUE])] * 25)
    np.savez(tmp_path / "state.npz", **first.state())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        second.restore(dict(state))
    back = [([900.0, 1500.0], [BLUE, RED])] * 3
    assert play(second, back, start_s=8.0) == play(first, back, start_s=8.0) == [[2, 1]] * 3


def test_looks_that_begin_late_are_learned():
    tracker = best()
    play(tracker, [([100.0], [])] * 10)
    play(tracker, [([100.0], [RED])] * 15, start_s=0.4)
    assert play(tracker, [([900.0], [RED])], start_s=3.0) == [[1]]


@pytest.mark.parametrize(
    ("looks", "message"),
    [
        (np.float32([[1, 2]]), "embeddings must have 3 numbers each as before, got 2"),
        (np.float32([[1, 2, np.nan]]), "embeddings must be finite numbers"),
    ],
)
def test_looks_that_cannot_be_compared_are_refused(looks, message):
    tracker = best()
    play(tracker, [([100.0], [RED])])
    with pytest.raises(ValueError, match=message):
        play(tracker, [([100.0], [looks])], start_s=1.0)


def test_paper_links_a_frame_to_the_one_before_and_nothing_else():
    tracker = PoseTracker(COCO_17, PRESETS["paper"])
    assert play(tracker, [([100.0], [RED])] * 3) == [[1]] * 3
    assert play(tracker, [([], [])], start_s=1.0) == [[]]
    assert play(tracker, [([100.0], [RED])], start_s=2.0) == [[2]]


def test_paper_weighs_overlap_and_looks_alike():
    swap = [([100.0, 130.0], [RED, BLUE])] * 3 + [([130.0, 100.0], [RED, BLUE])]
    assert play(PoseTracker(COCO_17, PRESETS["paper"]), swap)[-1] == [1, 2]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_takes_the_limits_of_a_model(name):
    config = TrackerConfig.of(make_spec(), PRESETS[name])
    assert (config.birth_score, config.gate) == (0.08, PRESETS[name].gate)
    assert TrackerConfig.of(make_spec(person=None), PRESETS[name]) == PRESETS[name]


def test_an_interleaved_stream_changes_nothing():
    one, two = [([100.0 + 9 * i, 700.0 - 9 * i], [RED, BLUE]) for i in range(40)], []
    alone, mixed, other = best(), best(), best()
    expected = play(alone, one)
    for i, frame in enumerate(one):
        two += play(mixed, [frame], start_s=i / 25)
        play(other, [([40.0 * i], [BLUE])], start_s=i / 3)
    assert two == expected
