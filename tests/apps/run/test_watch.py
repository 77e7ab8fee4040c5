"""Results that are deleted while a run writes them stop it at once."""

from __future__ import annotations

import shutil

import pytest
from posetrack.apps.run.watch import Watch
from posetrack.structures import ResultFileError


def test_files_that_stay_are_no_matter(tmp_path):
    (tmp_path / "a").write_text("1")
    watch = Watch([tmp_path / "a", tmp_path / "never"])
    (tmp_path / "a").write_text("2")
    watch.check()


@pytest.mark.parametrize("change", ["deleted", "moved", "replaced"])
def test_file_that_is_no_longer_there_is_noticed(tmp_path, change):
    path = tmp_path / "folder" / "a"
    path.parent.mkdir()
    path.write_text("1")
    watch, file = Watch([path]), path.open()  # which keeps its number from being used again
    if change == "moved":
        path.parent.rename(tmp_path / "other")
    else:
        shutil.rmtree(path.parent)
    if change == "replaced":
        path.parent.mkdir()
        path.write_text("1")
    with pytest.raises(ResultFileError, match="a was deleted while it was written: run it again"):
        watch.check()
    file.close()
