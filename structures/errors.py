"""What goes wrong outside of a program: with files, sources and the libraries of a machine.

Each is a `ValueError` or `RuntimeError` too. Wrong arguments are plain `ValueError` and
`TypeError`, a path without a file is `FileNotFoundError`.
"""

from __future__ import annotations


class PosetrackError(Exception):
    """The base of all of them; the message is one sentence that says what to do."""


class ModelFileError(PosetrackError, ValueError):
    """A model file that cannot be loaded, or does not say how to run it."""


class CheckpointError(PosetrackError, ValueError):
    """A weight file that cannot be read, or that no network here fits."""


class DownloadError(PosetrackError, RuntimeError):
    """A weight file that cannot be fetched."""


class SourceError(PosetrackError, ValueError):
    """A video or image that cannot be read."""


class ResultFileError(PosetrackError, ValueError):
    """A file of results that cannot be read."""


class BackendError(PosetrackError, RuntimeError):
    """A backend that is not installed, or lacks the device or precision asked for."""
