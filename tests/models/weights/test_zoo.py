"""The table of published weights, and what fetching one of them does."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import CONTENT, SHA256, Site, serving
from posetrack.models import MODELS
from posetrack.models.weights.zoo import ZOO, fetch

from ..published_keys import FOLDER

DOCUMENT = Path(__file__).parents[3] / "docs" / "zoo.md"
HAND = "dekr-hrnet-w32-coco"
DIRECT = "resnet-50-imagenet-v1"


@pytest.fixture
def site(monkeypatch):
    """A server on loopback; proxies of the machine are left aside."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Site()) as site:
        yield site


@pytest.fixture
def at(monkeypatch):
    """Puts another address and checksum into the table."""

    def put(url, sha256):
        entry = replace(ZOO[DIRECT], address=url, sha256=sha256)
        monkeypatch.setitem(ZOO, DIRECT, entry)
        return entry

    return put


# ---- the table


def test_models_are_in_the_table_of_networks():
    for name, entry in ZOO.items():
        assert entry.name == name
        if entry.model is not None:
            assert MODELS[entry.model].family == entry.family
        else:
            assert entry.family in ("imagenet", "pose-scoring")


def test_addresses_are_of_the_web_and_direct_ones_name_the_file():
    for entry in ZOO.values():
        assert entry.address.startswith("https://")
        if entry.direct:
            assert entry.address.endswith("/" + entry.file)


def test_checksums_are_those_in_the_names_of_the_files():
    """Where there is one at all: nobody publishes another."""
    for entry in ZOO.values():
        named = re.search(r"-([0-9a-f]{8})\.pth$", entry.file)
        assert entry.sha256 == (named[1] if named else None)


def test_measurements_say_what_they_are():
    for entry in ZOO.values():
        assert (entry.score is None) == (entry.metric == "")
        assert entry.licence
        assert entry.data


def test_every_published_network_has_a_list_of_its_tensors():
    """And every list of a published file belongs to an entry."""
    lists = {path.stem: path.read_text().splitlines()[0] for path in FOLDER.glob("*.txt")}
    for entry in ZOO.values():
        if entry.family != "imagenet":
            assert any(entry.file in first for first in lists.values()), entry.name


def test_document_shows_the_table():
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ZOO)
    for entry, row in zip(ZOO.values(), rows, strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        score = "" if entry.score is None else f"{entry.score:g} {entry.metric}"
        assert cells[:5] == [
            f"`{entry.name}`",
            f"`{entry.file}`",
            entry.data,
            score,
            entry.licence,
        ]
        assert f"({entry.address})" in cells[5]


# ---- fetching


def test_file_is_fetched_once(site, at, tmp_path):
    at(site.url, SHA256[:8])
    path = fetch(DIRECT, tmp_path, offline=False)
    assert path == tmp_path / DIRECT / ZOO[DIRECT].file
    assert path.read_bytes() == CONTENT
    assert fetch(DIRECT, tmp_path, offline=False) == path
    assert len(site.requests) == 1


def test_cache_folder_is_the_default(site, at, tmp_path, monkeypatch):
    at(site.url, None)
    monkeypatch.setenv("POSETRACK_CACHE", str(tmp_path / "cache"))
    assert fetch(DIRECT, offline=False).is_relative_to(tmp_path / "cache")


def test_offline_finds_what_is_there_and_fetches_nothing(site, at, tmp_path, monkeypatch):
    entry = at(site.url, SHA256)
    message = re.escape(f"{DIRECT} is not in the cache, {tmp_path / DIRECT / entry.file}, and")
    with pytest.raises(RuntimeError, match=message):
        fetch(DIRECT, tmp_path, offline=True)
    monkeypatch.setenv("POSETRACK_OFFLINE", "1")
    with pytest.raises(RuntimeError, match=message):
        fetch(DIRECT, tmp_path)
    (tmp_path / DIRECT).mkdir()
    (tmp_path / DIRECT / entry.file).write_bytes(CONTENT)
    assert fetch(DIRECT, tmp_path).read_bytes() == CONTENT
    assert site.requests == []


def test_other_file_in_the_cache_is_not_taken_for_the_published_one(at, tmp_path):
    entry = at("https://example.org/a", hashlib.sha256(b"published").hexdigest())
    (tmp_path / DIRECT).mkdir()
    path = tmp_path / DIRECT / entry.file
    path.write_bytes(b"another")
    with pytest.raises(ValueError, match=re.escape(f"{path} is not the published file")):
        fetch(DIRECT, tmp_path)


def test_file_that_no_program_can_fetch_is_found_once_it_is_put_there(tmp_path):
    entry = ZOO[HAND]
    path = tmp_path / HAND / entry.file
    message = f"get {entry.file} from {entry.address} by hand and put it at {path}"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        fetch(HAND, tmp_path, offline=False)
    path.parent.mkdir()
    path.write_bytes(b"weights")
    assert fetch(HAND, tmp_path) == path


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"weights must be one of logocap-hrnet-w32-coco, .*'x'"):
        fetch("x")
