import json
import tracemalloc

import pytest
from factories import make_frame, make_poses
from posetrack.formats import FORMATS, PosesWriter
from posetrack.structures import COCO_17


def test_no_two_formats_write_the_same_file():
    suffixes = [entry.suffix for entry in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_a_whole_file_or_none(tmp_path, name, complete):
    path = tmp_path / f"clip{FORMATS[name].suffix}"
    writer = FORMATS[name].open(path, COCO_17, None)
    writer.write(make_frame(), make_poses(2, tracked=True))
    writer.close(complete=complete)
    left = path.name if complete else f"{path.name}.partial"
    assert [file.name for file in tmp_path.iterdir()] == [left]
    if path.suffix == ".json":
        assert not complete or json.loads(path.read_text())


def record(path, skeleton, state):
    """The native record, opened as the formats are."""
    return PosesWriter(path, {"skeleton": {"keypoints": skeleton.keypoints}}, state)


OPENERS = {**{name: entry.open for name, entry in FORMATS.items()}, "record": record}
# An image that cannot be read leaves a gap.
STORY = [(make_frame(i, name=f"{i}.png"), make_poses(i % 3, tracked=True)) for i in (0, 1, 2, 4, 5)]


def write(writer, story):
    for frame, poses in story:
        writer.write(frame, poses)
    return writer


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("cuts", [(0,), (1,), (3,), (5,), (1, 3)])
@pytest.mark.parametrize("name", OPENERS)
def test_writer_that_is_opened_again_makes_the_same_file(tmp_path, name, cuts, finished):
    wanted, path = tmp_path / "wanted" / "a.json", tmp_path / "a.json"
    wanted.parent.mkdir()
    write(OPENERS[name](wanted, COCO_17, None), STORY).close(True)
    state, done = None, 0
    for cut in cuts:
        writer = write(OPENERS[name](path, COCO_17, state), STORY[done:cut])
        state, done = json.loads(json.dumps(writer.state())), cut
        write(writer, STORY[cut:][:1]).close(finished)
    write(OPENERS[name](path, COCO_17, state), STORY[done:]).close(True)
    assert path.read_bytes() == wanted.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"a.json", "wanted"}


@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_video(tmp_path, name):
    writer = FORMATS[name].open(tmp_path / "a.json", COCO_17, None)
    poses = make_poses(5, tracked=True)
    writer.write(make_frame(), poses)
    tracemalloc.start()
    for index in range(1, 2001):
        writer.write(make_frame(index), poses)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    writer.close(complete=True)
    assert grown < 0.5 * (tmp_path / "a.json").stat().st_size
