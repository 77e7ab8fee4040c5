import json
import tracemalloc

import pytest
from factories import make_frame, make_poses
from posetrack.formats import FORMATS
from posetrack.structures import COCO_17


def test_no_two_formats_write_the_same_file():
    suffixes = [entry.suffix for entry in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_a_whole_file_or_none(tmp_path, name, complete):
    path = tmp_path / f"clip{FORMATS[name].suffix}"
    writer = FORMATS[name].open(path, COCO_17)
    writer.write(make_frame(), make_poses(2, tracked=True))
    writer.close(complete=complete)
    assert [file.name for file in tmp_path.iterdir()] == [path.name] * complete
    if path.suffix == ".json":
        assert not complete or json.loads(path.read_text())


@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_video(tmp_path, name):
    writer = FORMATS[name].open(tmp_path / "a.json", COCO_17)
    poses = make_poses(5, tracked=True)
    writer.write(make_frame(), poses)
    tracemalloc.start()
    for index in range(1, 2001):
        writer.write(make_frame(index), poses)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    writer.close(complete=True)
    assert grown < 0.5 * (tmp_path / "a.json").stat().st_size
