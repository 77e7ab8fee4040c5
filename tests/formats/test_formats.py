import json
import tracemalloc

import pytest
from factories import make_frame, make_poses
from posetrack.formats import FORMATS
from posetrack.structures import COCO_17


def test_table_names_suffix_and_poses():
    rows = {name: (entry.suffix, entry.poses) for name, entry in FORMATS.items()}
    assert rows == {
        "coco": (".coco.json", "decoded"),
        "posetrack18": (".posetrack18.json", "tracked"),
    }


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_json_through_the_table(tmp_path, name):
    path = tmp_path / f"clip{FORMATS[name].suffix}"
    writer = FORMATS[name].open(path, COCO_17)
    writer.write(make_frame(), make_poses(2, tracked=True))
    writer.close(complete=True)
    assert json.loads(path.read_text())


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
    assert (tmp_path / "a.json").stat().st_size > 5_000_000
    assert grown < 500_000
