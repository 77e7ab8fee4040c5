"""Whether a model file has operators of ours, found without a library that reads the file."""

from __future__ import annotations

import mmap
from pathlib import Path

from ...kernels.graph_ops import DOMAIN

# In a file: a node's seventh field, its domain.
_OF_OUR_DOMAIN = b"\x3a" + bytes([len(DOMAIN)]) + DOMAIN.encode()


def has_our_operators(path: Path) -> bool:
    """Whether a model file has nodes of posetrack's domain; False if it cannot be read."""
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return content.find(_OF_OUR_DOMAIN) >= 0
    except (OSError, ValueError):  # whoever loads it says it better; a file may be empty
        return False
