"""The native record of a run, JSON Lines: a header, one line per frame, an end line.

    {"posetrack":1,"source":...,"video":{...},"model":{...},"skeleton":{...},"options":{...}}
    {"frame":0,"pts":0,"time_s":0.0,"poses":[{"track_id":7,"state":"confirmed","score":0.930,
     "box":[x1,y1,x2,y2],"keypoints":[[x,y,score],...]}]}
    {"end":{"frames":1,"reason":"complete"}}

Two decimals for pixels, three for scores. Without the end line the run was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..structures import Frame, Poses, ResultFileError, TrackState
from .partial_file import flushed_length, open_cut
from .pose_writer import WriterState, keypoint_triples

_VERSION = 1
_STATES = [state.name.lower() for state in TrackState]
_END_BYTES = 256  # an end line is shorter


class PosesWriter:
    """Streams poses to a native record (see `PoseWriter`); leaving it unfinished shows in the file.

    Every line is handed to the system at once: what was written survives an interrupted run.
    Poses that were never tracked have `track_id` -1 and `state` untracked; track ids without
    states are taken as confirmed.

    Args:
        path: the file to make; an existing one is overwritten.
        header: the first line, without its version; `header["skeleton"]["keypoints"]` names the K
            keypoints of all poses.
        state: of an earlier writer of the file, to go on there; its first line stays.

    Raises:
        ValueError: the header names no keypoints or is not JSON.
        ResultFileError: the file is not as the earlier writer left it.
    """

    def __init__(
        self, path: Path, header: dict[str, Any], state: WriterState | None = None
    ) -> None:
        line = json.dumps({"posetrack": _VERSION, **header}, allow_nan=False)
        self._num_keypoints = _count_keypoints(header)
        keypoints = ",".join(["[%.2f,%.2f,%.3f]"] * self._num_keypoints)
        self._pose = (
            '{"track_id":%d,"state":"%s","score":%.3f,"box":[%.2f,%.2f,%.2f,%.2f],'
            f'"keypoints":[{keypoints}]}}'
        )
        if state is not None:
            self._frames = int(state["frames"])
            self._file = open_cut(path, state["length"])
            return
        self._frames = 0
        self._file = path.open("w", encoding="utf-8")
        try:
            self._write_line(line)
        except OSError:
            with suppress(OSError):  # the same again: what is left cannot be written
                self._file.close()
            raise

    def write(self, frame: Frame, poses: Poses) -> None:
        """See `PoseWriter`."""
        triples = keypoint_triples(poses, self._num_keypoints, frame)
        ids, states = _tracks(poses)
        triples = triples.reshape(len(poses), 3 * self._num_keypoints)
        numbers = np.column_stack((poses.scores, poses.boxes, triples))
        people = ",".join(
            self._pose % (track_id, _STATES[state], *row)
            for track_id, state, row in zip(ids, states, numbers.tolist(), strict=True)
        )
        time_s = json.dumps(float(frame.time_s), allow_nan=False)
        self._write_line(
            f'{{"frame":{frame.index},"pts":{frame.pts},"time_s":{time_s},"poses":[{people}]}}'
        )
        self._frames += 1

    def state(self) -> WriterState:
        """See `PoseWriter`."""
        return {"length": flushed_length(self._file), "frames": self._frames}

    def end(self, frames: int, reason: str = "complete") -> None:
        """Write the end line and close the file.

        Args:
            frames: decoded frames, to be held against the lines written.
            reason: of the end; another than `complete` says that the source lacks frames.

        Raises:
            ValueError: they differ; the file then has no end line.
        """
        if frames != self._frames:
            self._file.close()
            raise ValueError(f"{frames} frames were decoded but {self._frames} written")
        self._write_line(json.dumps({"end": {"frames": frames, "reason": reason}}))
        self._file.close()

    def close(self, complete: bool) -> None:
        """See `PoseWriter`: with an end line if complete, without it if not."""
        if complete and not self._file.closed:
            self.end(self._frames)
        self._file.close()

    def __enter__(self) -> PosesWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(complete=False)

    def _write_line(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()


class PosesLine(NamedTuple):
    """One frame of a record."""

    frame: int
    pts: int
    time_s: float
    poses: Poses


class PosesReader:
    """A native record; iterate to get its frames, one `PosesLine` each, as often as you like.

    Only one frame is in memory at a time. A last line cut off by an interruption is left out.
    Poses always have `track_ids` and `track_states`, -1 and untracked if they never were tracked.

    Attributes:
        path: the file.
        header: its first line.
        reason: why the run came to the end of its source, such as `complete`; empty if it did not.
        complete: whether it ended well.

    Raises:
        FileNotFoundError: there is no such file.
        ResultFileError: a line is not what it must be; file and line are named. Lines are checked
            while iterating.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            first = file.readline()
            file.seek(0, 2)
            file.seek(-min(file.tell(), _END_BYTES), 2)
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        self.header: dict[str, Any] = _parse(path, 1, first)
        if self.header.get("posetrack") != _VERSION:
            _refuse(path, 1, f'the first line of a record must have "posetrack": {_VERSION}')
        try:
            self._num_keypoints = _count_keypoints(self.header)
        except ValueError as error:
            _refuse(path, 1, str(error))
        self.reason = _end_reason(last)
        self.complete = self.reason == "complete"

    def __iter__(self) -> Iterator[PosesLine]:
        count, previous, ended = 0, -1, False
        with self.path.open("rb") as file:
            file.readline()
            for number, text in enumerate(file, start=2):
                if not text.endswith(b"\n") and not _is_json(text):
                    return
                line = _parse(self.path, number, text)
                if ended:
                    _refuse(self.path, number, "nothing may follow the end line")
                ended = "end" in line
                if ended:
                    self._check_end(number, line["end"], count)
                    continue
                read = self._line(number, line)
                if read.frame <= previous:
                    _refuse(self.path, number, f"frame {read.frame} comes after {previous}")
                count, previous = count + 1, read.frame
                yield read

    def _line(self, number: int, line: dict[str, Any]) -> PosesLine:
        try:
            poses = _poses(line["poses"], self._num_keypoints)
            return PosesLine(int(line["frame"]), int(line["pts"]), float(line["time_s"]), poses)
        except KeyError as error:
            _refuse(self.path, number, f"{error} is missing")
        except (IndexError, OverflowError, TypeError, ValueError) as error:
            _refuse(self.path, number, str(error))

    def _check_end(self, number: int, end: Any, count: int) -> None:
        frames = end.get("frames") if isinstance(end, dict) else None
        if frames != count:
            _refuse(self.path, number, f"the record must have {frames} frames, got {count}")


def read_poses(path: Path) -> PosesReader:
    """Open a native record; see `PosesReader`."""
    return PosesReader(path)


def _count_keypoints(header: dict[str, Any]) -> int:
    skeleton = header.get("skeleton")
    names = skeleton.get("keypoints") if isinstance(skeleton, dict) else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError('the header must name its keypoints in "skeleton"')
    return len(names)


def _tracks(poses: Poses) -> tuple[list[int], list[int]]:
    if poses.track_ids is None:
        return [-1] * len(poses), [TrackState.UNTRACKED] * len(poses)
    if poses.track_states is not None:
        return poses.track_ids.tolist(), poses.track_states.tolist()
    ids = poses.track_ids.tolist()
    return ids, [TrackState.CONFIRMED if i >= 1 else TrackState.UNTRACKED for i in ids]


def _poses(people: list[dict[str, Any]], num_keypoints: int) -> Poses:
    n = len(people)
    keypoints = np.array([person["keypoints"] for person in people], np.float32)
    boxes = np.array([person["box"] for person in people], np.float32)
    if n and keypoints.shape != (n, num_keypoints, 3):
        raise ValueError(
            f"keypoints must have shape {(n, num_keypoints, 3)}, got {keypoints.shape}"
        )
    if n and boxes.shape != (n, 4):
        raise ValueError(f"box must have four numbers, got an array of shape {boxes.shape}")
    keypoints = keypoints.reshape(n, num_keypoints, 3)
    return Poses(
        keypoints=np.ascontiguousarray(keypoints[..., :2]),
        keypoint_scores=np.ascontiguousarray(keypoints[..., 2]),
        scores=np.array([person["score"] for person in people], np.float32),
        boxes=boxes.reshape(n, 4),
        track_ids=np.array([person["track_id"] for person in people], np.int64),
        track_states=np.array([_state(person["state"]) for person in people], np.uint8),
    )


def _state(name: str) -> int:
    if name not in _STATES:
        raise ValueError(f"state must be one of {', '.join(map(repr, _STATES))}, got {name!r}")
    return _STATES.index(name)


def _parse(path: Path, number: int, text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        _refuse(path, number, f"not JSON: {error}")
    if not isinstance(line, dict):
        _refuse(path, number, f"a line must be a JSON object, got {type(line).__name__}")
    return line


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _end_reason(last: bytes) -> str:
    line = json.loads(last) if _is_json(last) else None
    end = line.get("end") if isinstance(line, dict) else None
    return str(end.get("reason", "")) if isinstance(end, dict) else ""


def _refuse(path: Path, number: int, problem: str) -> NoReturn:
    raise ResultFileError(f"{path}:{number}: {problem}")
