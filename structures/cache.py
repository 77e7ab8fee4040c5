"""Where what can be had again is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloads and plans are kept.

    $POSETRACK_CACHE, else $XDG_CACHE_HOME/posetrack, else ~/.cache/posetrack; may not exist yet.
    """
    own = os.environ.get("POSETRACK_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "posetrack"
