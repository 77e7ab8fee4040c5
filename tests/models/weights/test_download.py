"""Downloads from a real server: whole or not there, resumed, checked, or refused."""

import fcntl
import re
import threading

import pytest
from file_server import CONTENT, SHA256, Site, serving
from posetrack.models.weights.download import download, is_offline, matches


@pytest.fixture
def site(monkeypatch):
    """A server on loopback; proxies of the machine are left aside."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Site()) as site:
        yield site


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "weights.pth"


def cut(site, target, after=300_000):
    """An attempt whose connection ends too early."""
    site.cut_after = after
    with pytest.raises(RuntimeError, match="could not be fetched: the connection was cut"):
        download(site.url, target)
    site.cut_after = None
    assert not target.exists()
    return target.with_name("weights.pth.part")


def assert_only_the_file(target):
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["weights.pth"]


# ---- whole


@pytest.mark.parametrize("sha256", [None, SHA256, SHA256[:8], SHA256[:8].upper()])
def test_file_arrives_whole_and_alone(site, target, sha256):
    assert download(site.url, target, sha256=sha256) == target
    assert_only_the_file(target)


def test_progress_ends_with_everything(site, target):
    seen = []
    download(site.url, target, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_server_that_does_not_tell_the_length_is_fine(site, target):
    site.tells_length = False
    seen = []
    download(site.url, target, sha256=SHA256, progress=lambda *step: seen.append(step))
    assert_only_the_file(target)
    assert seen[-1] == (len(CONTENT), None)


# ---- resumed


@pytest.mark.parametrize(
    "validators",
    [{"ETag": '"one"'}, {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}],
)
def test_cut_download_goes_on_where_it_ended(site, target, validators):
    site.validators = validators
    part = cut(site, target)
    assert part.read_bytes() == CONTENT[:300_000]
    seen = []
    download(site.url, target, sha256=SHA256, progress=lambda *step: seen.append(step))
    assert site.requests == [None, "bytes=300000-"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert_only_the_file(target)


def test_twice_cut_download_goes_on_too(site, target):
    cut(site, target)
    cut(site, target, after=100_000)
    download(site.url, target, sha256=SHA256)
    assert site.requests == [None, "bytes=300000-", "bytes=400000-"]
    assert_only_the_file(target)


def test_server_without_ranges_gives_all_of_it_again(site, target):
    cut(site, target)
    site.takes_ranges = False
    download(site.url, target, sha256=SHA256)
    assert_only_the_file(target)


@pytest.mark.parametrize("validators", [{}, {"ETag": 'W/"weak"'}])
def test_part_of_a_server_that_cannot_tell_changes_is_not_continued(site, target, validators):
    site.validators = validators
    cut(site, target)
    download(site.url, target, sha256=SHA256)
    assert site.requests == [None, None]
    assert_only_the_file(target)


def test_file_that_changed_meanwhile_is_fetched_anew(site, target):
    cut(site, target)
    site.validators = {"ETag": '"two"'}
    site.content = bytes(500_000)
    download(site.url, target)
    assert target.read_bytes() == site.content


def test_part_that_is_already_everything_is_fetched_anew(site, target):
    """The server refuses a range that begins at the end."""
    part = cut(site, target)
    part.write_bytes(CONTENT)
    download(site.url, target, sha256=SHA256)
    assert site.requests == [None, f"bytes={len(CONTENT)}-", None]
    assert_only_the_file(target)


def test_server_that_fails_in_between_costs_nothing(site, target):
    part = cut(site, target)
    whole = site.answer
    site.answer = lambda handler: handler.send_error(503)
    with pytest.raises(RuntimeError, match=r"503 Service Unavailable; 300000 bytes are kept"):
        download(site.url, target)
    assert part.read_bytes() == CONTENT[:300_000]
    site.answer = whole
    download(site.url, target, sha256=SHA256)
    assert site.requests == [None, "bytes=300000-"]
    assert_only_the_file(target)


# ---- refused


@pytest.mark.parametrize("existing", [False, True])
def test_wrong_checksum_leaves_nothing(site, target, existing):
    if existing:
        target.parent.mkdir()
        target.write_text("an earlier file")
    with pytest.raises(ValueError, match=f"its SHA-256 is {SHA256}, not 00000000..."):
        download(site.url, target, sha256="00000000")
    left = {path.name: path.read_text() for path in target.parent.iterdir()}
    assert left == ({"weights.pth": "an earlier file"} if existing else {})


def test_missing_file_is_named_with_the_answer(site, target):
    url = site.url.replace("weights", "other")
    message = re.escape(f"the server does not give {url}: 404 Not Found")
    with pytest.raises(RuntimeError, match=message):
        download(url, target)
    assert list(target.parent.iterdir()) == []


def test_server_that_is_not_there_is_named(target):
    with serving(Site()) as gone:
        url = gone.url
    with pytest.raises(RuntimeError, match=re.escape(f"{url} could not be fetched: ")):
        download(url, target)
    assert list(target.parent.iterdir()) == []


def test_server_that_falls_silent_is_given_up(site, target):
    silent = threading.Event()
    site.answer = lambda handler: silent.wait(5)
    with pytest.raises(RuntimeError, match="could not be fetched: timed out"):
        download(site.url, target, timeout_s=0.05)
    silent.set()


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://a/b", "weights.pth"])
def test_only_the_web_is_fetched_from(target, url):
    with pytest.raises(ValueError, match="an address must begin with http:// or https://"):
        download(url, target)
    assert not target.parent.exists()


def test_two_processes_do_not_write_one_part(site, target):
    part = cut(site, target)
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RuntimeError, match=re.escape(f"another process is writing {part}")):
            download(site.url, target)
    assert part.read_bytes() == CONTENT[:300_000]


# ---- environment


def test_checksum_may_be_its_first_digits(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert matches(path, SHA256)
    assert matches(path, SHA256[:8])
    assert matches(path, None)
    assert not matches(path, "0" + SHA256[:7])


@pytest.mark.parametrize(("value", "offline"), [("1", True), ("0", False), ("", False)])
def test_environment_switches_downloads_off(monkeypatch, value, offline):
    monkeypatch.setenv("POSETRACK_OFFLINE", value)
    assert is_offline() is offline
