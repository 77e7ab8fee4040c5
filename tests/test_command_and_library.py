"""The command and the library's few lines find the same people with the same ids."""

import numpy as np
from posetrack import PeopleTracker, PoseEngine, SessionOptions, read_video
from posetrack.apps.commands.run import run
from posetrack.formats import read_poses

CLIP = "store-aisle-detection.mp4"
FRAMES = 40


def test_command_and_library_give_the_same_ids_and_states(clips, tmp_path):
    run([clips / CLIP], output=tmp_path, max_frames=FRAMES, no_video=True, quiet=True)
    lines = list(read_poses(tmp_path / CLIP.removesuffix(".mp4") / "poses.jsonl"))
    with PoseEngine.load(session=SessionOptions(parallel=1)) as engine:
        video = (frame for frame, _ in zip(read_video(clips / CLIP), range(FRAMES), strict=False))
        found = ((frame, engine(frame.image)) for frame in video)
        items = list(PeopleTracker(engine.spec).follow(found))
    assert [item.frame.index for item in items] == [line.frame for line in lines]
    assert max(len(item.people) for item in items) >= 2
    for item, line in zip(items, lines, strict=True):
        np.testing.assert_array_equal(item.tracked.track_ids, line.poses.track_ids)
        np.testing.assert_array_equal(item.tracked.track_states, line.poses.track_states)
        np.testing.assert_allclose(item.tracked.keypoints, line.poses.keypoints, atol=0.006)
