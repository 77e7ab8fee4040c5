"""What TensorRT says while it works; kept for the sentence about what went wrong."""

from __future__ import annotations

from typing import Any

import tensorrt as trt

_ERRORS = (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR)


class Log(trt.ILogger):  # type: ignore[misc]
    """Keeps the newest error, and prints nothing."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self._last = ""

    def log(self, severity: Any, message: str) -> None:
        """Called by TensorRT, from any thread."""
        if severity in _ERRORS:
            self._last = " ".join(message.split())

    @property
    def reason(self) -> str:
        """What TensorRT said last, as the end of a sentence."""
        return f": {self._last}" if self._last else ""


LOG = Log()  # TensorRT holds on to one as long as anything lives that it made
