"""What runs a network: one parameter from the command to the session."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Which library runs a network, where, and in what arithmetic.

    `auto` takes an installed backend, and a GPU if there is one; the session says which. A backend
    or device asked for by name is used or refused, never replaced.

    Raises:
        ValueError: a device of another form, or a number out of range.
    """

    backend: str = "auto"  # a key of `engine.BACKENDS`, or `torch`
    device: str = "auto"  # cpu, cuda (the first GPU), cuda:n
    precision: str = "fp32"  # bf16 where backend and device have it
    threads: int = 0  # CPU threads in all; 0 takes every CPU
    parallel: int = 1  # calls of `run` that will be under way at once

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise ValueError(
                f"device must be auto, cpu, cuda or cuda:n such as cuda:1, got {self.device!r}"
            )
        if self.threads < 0 or self.parallel < 1:
            raise ValueError(
                "threads must be at least 0 and parallel at least 1, "
                f"got {self.threads} and {self.parallel}"
            )

    @property
    def gpu(self) -> int | None:
        """The number of the GPU asked for; None where none is."""
        if not self.device.startswith("cuda"):
            return None
        return int(self.device.partition(":")[2] or 0)

    @property
    def device_kind(self) -> str:
        """auto, cpu or cuda."""
        return self.device.partition(":")[0]


DEFAULT_SESSION = SessionOptions()
