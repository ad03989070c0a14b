"""The session's microphone queue: wire audio in, 16 kHz frames out. Bounded: the oldest is dropped and counted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from speech.audio import Resampler
from speech.types import LISTEN_RATE_HZ, AudioFrame

_MAX_WAITING_MS = 10_000.0
_BYTES_PER_MS = 2 * LISTEN_RATE_HZ // 1000
_RECENT_MS = 400


class Microphone:
    """One customer's audio. ``start_ms`` of its frames is the customer's sample clock: dropped audio leaves a gap."""

    def __init__(self, rate_hz: int, dropped: Callable[[float], None] = lambda ms: None) -> None:
        """``rate_hz`` of what is pushed; ``dropped`` is told milliseconds of audio that were lost to lag."""
        self._resampler = Resampler(rate_hz, LISTEN_RATE_HZ)
        self._dropped = dropped
        self._frames: deque[AudioFrame] = deque()
        self._waiting_ms = 0.0
        self._clock_ms = 0.0
        self._recent = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        """Whoever waits for a frame. An Event asks which loop runs each time, fifty times a second."""
        self._closed = False

    def push(self, pcm: bytes) -> None:
        """Take wire audio (s16le mono, any length; an odd byte waits for its other half)."""
        converted = self._resampler.push(pcm)
        if not converted or self._closed:
            return
        ms = len(converted) / _BYTES_PER_MS
        self._frames.append(AudioFrame(converted, LISTEN_RATE_HZ, self._clock_ms))
        self._clock_ms += ms
        self._recent += converted
        del self._recent[: -_RECENT_MS * _BYTES_PER_MS]
        self._waiting_ms += ms
        while self._waiting_ms > _MAX_WAITING_MS:
            oldest = self._frames.popleft()
            self._waiting_ms -= oldest.duration_ms
            self._dropped(oldest.duration_ms)
        self._wake()

    @property
    def now_ms(self) -> float:
        """The customer's sample clock: how much audio has arrived."""
        return self._clock_ms

    def recent(self, ms: int) -> bytes:
        """The last ``ms`` that arrived (400 at most), whether or not they were listened to; less at the beginning."""
        return bytes(self._recent[-ms * _BYTES_PER_MS :])

    def silence(self, ms: float) -> None:
        """Take ``ms`` of silence: a muted microphone still lets time pass, so that an utterance ends."""
        self.push(bytes(2 * int(self._resampler.from_hz * ms / 1000)))

    def close(self) -> None:
        """No more audio; ``frames`` ends."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """Frames as they arrive, until closed. For one listener."""
        loop = asyncio.get_running_loop()
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._waiting_ms -= len(frame.pcm) / _BYTES_PER_MS
                yield frame
            if self._closed:
                return
            self._waiter = loop.create_future()
            await self._waiter
