"""Where what can be had again is kept."""

from pathlib import Path

from posetrack.structures.cache import cache_folder


def test_cache_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("POSETRACK_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    monkeypatch.setenv("HOME", "/c")
    assert cache_folder() == Path("/a")
    monkeypatch.delenv("POSETRACK_CACHE")
    assert cache_folder() == Path("/b/posetrack")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("/c/.cache/posetrack")
