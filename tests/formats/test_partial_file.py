"""PartialFile: whole under its name, or not there."""

import errno

import pytest
from posetrack.formats.partial_file import PartialFile


@pytest.fixture
def path(tmp_path):
    """A file with an earlier result."""
    path = tmp_path / "a.json"
    path.write_text("earlier")
    return path


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


@pytest.mark.parametrize(("complete", "text"), [(True, "new"), (False, "earlier")])
def test_file_gets_its_name_if_it_is_complete(path, complete, text):
    file = PartialFile(path)
    file.write("new")
    assert path.read_text() == "earlier"
    file.close(complete)
    assert (path.read_text(), names(path), file.closed) == (text, ["a.json"], True)


def test_file_that_cannot_be_written_out_is_removed(path, monkeypatch):
    file = PartialFile(path)
    real = file._file

    class Full:
        def close(self):
            real.close()
            raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(file, "_file", Full())
    with pytest.raises(OSError, match="no space left"):
        file.close(True)
    assert (path.read_text(), names(path)) == ("earlier", ["a.json"])
