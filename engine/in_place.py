"""What a session returns stays on its device, where the next step reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from ..kernels.native import is_built
from ..kernels.transfer import like, to_host
from ..structures import DeviceSession, Session
from ..structures.arrays import AnyArray

Arrays: TypeAlias = dict[str, AnyArray]


def in_place(session: Session) -> Callable[[Arrays], Arrays]:
    """A session's `run_on_device` if it has one and there are kernels for its device.

    Else its `run`, with arrays copied to the host and back where they lie elsewhere.
    """
    if isinstance(session, DeviceSession) and has_kernels(session.device):
        return session.run_on_device
    return partial(_through_host, session)


def has_kernels(device: str) -> bool:
    """Whether this installation decodes on a device, such as `cuda:0`."""
    return not device.startswith("cuda") or is_built("cuda")


def _through_host(session: Session, arrays: Arrays) -> Arrays:
    outputs = session.run(dict(zip(arrays, to_host(*arrays.values()), strict=True)))
    beside = next(iter(arrays.values()))
    return {name: like(beside, output) for name, output in outputs.items()}
