"""Which frames of a video that is being written are in its file."""

from __future__ import annotations

from collections import deque


class SafeFrames:
    """Counts the frames of a growing file that stay, whatever happens to its writer.

    A frame is safe once its packet is in the file and a cut can be made behind it: then the packets
    in the file up to there are those of the first frames, though an encoder gives them out in
    another order.

    Args:
        count: frames that are safe already.
        size: of the file, bytes; all of it is whole.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = count
        self.size = size
        self._frames: deque[int] = deque()  # timestamps of those that are not safe
        self._packets: deque[int] = deque()  # timestamps of theirs, in the order of the file

    def add_frame(self, pts: int) -> None:
        """A frame goes into the encoder."""
        self._frames.append(pts)

    def add_packet(self, pts: int, size: int) -> bool:
        """A packet was handed to the muxer; True if the file now holds all those before it.

        Args:
            pts: of the packet.
            size: of the file, bytes. It grows when a packet begins the next fragment.
        """
        grew = size > self.size
        if grew:
            self.size = size
            self._cut()
        self._packets.append(pts)
        return grew

    def _cut(self) -> None:
        """All packets so far are in the file: find the last place for a cut."""
        safe, latest = 0, self._frames[0]
        for number, (pts, frame) in enumerate(zip(self._packets, self._frames, strict=False), 1):
            latest = max(latest, pts)
            if latest == frame:
                safe = number
        for _ in range(safe):
            self._frames.popleft()
            self._packets.popleft()
        self.count += safe
