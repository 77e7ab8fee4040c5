"""PartialFile: whole under its name, or not there; and what is needed to go on."""

import errno

import pytest
from posetrack.formats.partial_file import PartialFile, open_cut
from posetrack.structures import ResultFileError


@pytest.fixture
def path(tmp_path):
    """A file with an earlier result."""
    path = tmp_path / "a.json"
    path.write_text("earlier")
    return path


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


@pytest.mark.parametrize(
    ("complete", "text", "left"),
    [(True, "new", ["a.json"]), (False, "earlier", ["a.json", "a.json.partial"])],
)
def test_file_gets_its_name_if_it_is_complete(path, complete, text, left):
    file = PartialFile(path)
    file.write("new")
    assert path.read_text() == "earlier"
    file.close(complete)
    assert (path.read_text(), names(path), file.closed) == (text, left, True)


def test_file_that_cannot_be_written_out_does_not_get_its_name(path, monkeypatch):
    file = PartialFile(path)
    real = file._file

    class Full:
        def close(self):
            real.close()
            raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(file, "_file", Full())
    with pytest.raises(OSError, match="no space left"):
        file.close(True)
    assert (path.read_text(), names(path)) == ("earlier", ["a.json", "a.json.partial"])


@pytest.mark.parametrize("complete", [True, False])
def test_file_is_gone_on_with_at_a_length(tmp_path, complete):
    path = tmp_path / "é.json"
    first = PartialFile(path)
    first.write("sé")
    length = first.flush()
    assert length == 3
    first.write("what a killed run wrote behind it")
    first.close(complete)
    second = PartialFile(path, length)
    second.write("!")
    assert second.flush() == 4
    second.close(True)
    assert (path.read_text(encoding="utf-8"), names(path)) == ("sé!", ["é.json"])


def test_file_that_is_shorter_or_a_link_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("abc")
    with pytest.raises(ResultFileError, match=r"a\.json has 3 bytes where 4 were written"):
        open_cut(path, 4)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(ResultFileError, match=r"link\.json is a link"):
        open_cut(link, 1)
    assert path.read_text() == "abc"
