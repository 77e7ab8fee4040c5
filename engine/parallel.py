"""Frames through the engine, several at once, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ..structures import Frame, Poses
from ..structures.errors_last import ErrorsLast
from .pose_engine import PoseEngine

# A network gains little from a fifth frame at once, and each one held costs memory.
MAX_PARALLEL = 4

Found = tuple[Poses, dict[str, float]]


def parallel_frames(threads: int, batch: int = 1) -> int:
    """How many frames to run at once: one thread each is faster than many on one frame.

    While one batch is computed the next one gathers.
    """
    return max(1, min(threads, MAX_PARALLEL), 2 * batch if batch > 1 else 1)


def find_poses(
    frames: Iterable[Frame], engine: PoseEngine, parallel: int
) -> Iterator[tuple[Frame, Poses, dict[str, float]]]:
    """Run the engine over frames.

    While one frame is drawn and written the next ones are in the network; at most `parallel` + 1
    frames are held.

    Args:
        frames: read one by one, in the caller's thread. What it raises is raised behind the last
            frame.
        engine: the network; called from `parallel` threads.
        parallel: frames in the network at once.

    Yields:
        Frame, its poses, and the seconds of each stage of the engine, in the order of the frames.
    """
    waiting: deque[tuple[Frame, Future[Found]]] = deque()
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="pose-engine")
    source = ErrorsLast(frames)
    try:
        for frame in source:
            waiting.append((frame, pool.submit(engine.run_timed, frame.image)))
            if len(waiting) > parallel:
                yield _oldest(waiting)
        while waiting:
            yield _oldest(waiting)
    finally:
        source.close()
        pool.shutdown(cancel_futures=True)
    source.raise_error()


def _oldest(
    waiting: deque[tuple[Frame, Future[Found]]],
) -> tuple[Frame, Poses, dict[str, float]]:
    frame, future = waiting.popleft()
    poses, seconds = future.result()
    return frame, poses, seconds
