"""From `--flow` to what finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from ..engine import open_session
from ..structures import ModelFileError, SessionOptions
from ..trackers.flow import DisFlow, Flow, NetworkFlow

OFF, DIS = "off", "dis"  # what `--flow` takes beside files
FlowMaker: TypeAlias = Callable[[], Flow]


@contextmanager
def open_flow(name: str) -> Iterator[FlowMaker | None]:
    """What makes a flow for each video; None where there is to be none.

    Args:
        name: `off`, `dis`, or the `.onnx` file of a network of two pictures, which runs on the CPU
            and is shared by all.

    Raises:
        FileNotFoundError: there is no such file.
        ModelFileError: it is no flow network.
    """
    if name == OFF:
        yield None
    elif name == DIS:
        yield DisFlow
    else:
        with open_session(Path(name), SessionOptions(device="cpu", threads=1)) as session:
            inputs = session.input_types  # type: ignore[attr-defined] # of files' sessions
            try:
                flow = NetworkFlow(session, inputs)
            except ValueError as error:
                raise ModelFileError(f"{name}: {error}") from None
            yield lambda: flow
