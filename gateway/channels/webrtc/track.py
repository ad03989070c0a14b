"""Our voice as a WebRTC track: 20 ms of 48 kHz each, on absolute deadlines, so that no delay adds up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from gateway.paced import FRAME_MS, PacedLine

RATE_HZ = 48_000
_SAMPLES = RATE_HZ * FRAME_MS // 1000
_LATE_S = 0.2
"""A loop that stalled for longer is not caught up with: the far end has heard a gap already."""


class AnswerTrack(MediaStreamTrack):
    """Plays a ``PacedLine``; ``after_frame`` is called each time one has been taken."""

    kind = "audio"

    def __init__(self, line: PacedLine, after_frame: Callable[[], None]) -> None:
        """``line`` gives s16le mono at 48 kHz."""
        super().__init__()
        self._line = line
        self._after_frame = after_frame
        self._due_s: float | None = None
        self._sent = 0

    async def recv(self) -> AudioFrame:
        """The next frame, when it is due. Raises ``MediaStreamError`` once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._due_s = now_s if self._due_s is None else self._due_s + FRAME_MS / 1000
        if now_s - self._due_s > _LATE_S:
            self._due_s = now_s
        await asyncio.sleep(max(0.0, self._due_s - now_s))
        frame = AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        frame.planes[0].update(self._line.frame())
        frame.pts, self._sent = self._sent, self._sent + _SAMPLES
        frame.sample_rate = RATE_HZ
        frame.time_base = Fraction(1, RATE_HZ)
        self._after_frame()
        return frame
