"""From blocking clause synthesis to 20 ms frames: threads on one side, an async iterator on the other.

clause 1   [render]            frames of 1 ......
clause 2            [render]                     frames of 2 ......
                    ^ submitted when clause 1 is ready, never earlier; clause 3 when clause 2 is ready
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from speech.errors import TtsFailed
from speech.types import AudioFrame, Samples

FRAME_MS = 20

Render = Callable[[], Samples]
"""Blocking: synthesises one clause, float32 -1..1 mono at the stream's rate."""


class ClauseStream:
    """A bounded pool of synthesis threads shared by all sessions.

    Invariant: a sentence has at most one clause in work beyond the one being played, and at most ``waiting`` clauses
    of all sessions are submitted at a time. Safe to cancel at any point: a clause that has not started is withdrawn,
    the result of one that has is dropped.
    """

    def __init__(self, name: str, rate_hz: int, *, workers: int, waiting: int = 64) -> None:
        self._name = name
        self._rate_hz = rate_hz
        self._waiting = waiting
        self._places = threading.BoundedSemaphore(waiting)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"tts-{name}")

    async def frames(self, clauses: Sequence[Render]) -> AsyncIterator[AudioFrame]:
        """Yield the clauses' audio in 20 ms frames without gaps; only the last frame may be shorter.

        Raises ``TtsFailed`` when a clause cannot be synthesised or the queue is full.
        """
        framer = Framer(self._rate_hz)
        upcoming: Future[Samples] | None = None
        try:
            for position, clause in enumerate(clauses):
                samples = await self._finish(upcoming or self._submit(clause))
                upcoming = self._submit(clauses[position + 1]) if position + 1 < len(clauses) else None
                for frame in framer.push(samples):
                    yield frame
            for frame in framer.flush():
                yield frame
        finally:
            if upcoming is not None:
                upcoming.cancel()

    async def run(self, render: Render) -> Samples:
        """One clause on the pool, as samples. Raises ``TtsFailed``."""
        return await self._finish(self._submit(render))

    def close(self) -> None:
        """Withdraw what waits and let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, render: Render) -> Future[Samples]:
        if not self._places.acquire(blocking=False):
            raise TtsFailed(f"{self._name}: {self._waiting} clauses already wait for synthesis")
        try:
            future = self._pool.submit(render)
        except RuntimeError as error:
            self._places.release()
            raise TtsFailed(f"{self._name}: the voice is closed") from error
        future.add_done_callback(lambda _: self._places.release())
        return future

    async def _finish(self, future: Future[Samples]) -> Samples:
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise TtsFailed(f"{self._name}: the voice was closed") from None  # close() withdrew the clause, not us
        except Exception as error:  # anything may come out of an engine; the text stays out, it is personal data
            raise TtsFailed(f"{self._name}: synthesis failed ({type(error).__name__})") from error


class Framer:
    """Cuts samples into 20 ms frames on one sample clock."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._frame_bytes = rate_hz * FRAME_MS // 1000 * 2
        self._rest = b""
        self._sent_bytes = 0

    def push(self, samples: Samples) -> Iterator[AudioFrame]:
        """The whole frames that are complete now, from float samples."""
        return self.push_pcm(to_pcm(samples))

    def push_pcm(self, more: bytes) -> Iterator[AudioFrame]:
        """The same from signed 16-bit little-endian bytes."""
        pcm = self._rest + more
        whole = len(pcm) - len(pcm) % self._frame_bytes
        self._rest = pcm[whole:]
        for at in range(0, whole, self._frame_bytes):
            yield self._frame(pcm[at : at + self._frame_bytes])

    def flush(self) -> Iterator[AudioFrame]:
        """What is left, as one frame shorter than 20 ms."""
        rest, self._rest = self._rest, b""
        if rest:
            yield self._frame(rest)

    def _frame(self, pcm: bytes) -> AudioFrame:
        frame = AudioFrame(pcm, self._rate_hz, self._sent_bytes / 2 * 1000 / self._rate_hz)
        self._sent_bytes += len(pcm)
        return frame


def to_pcm(samples: Samples) -> bytes:
    """Float -1..1 to signed 16-bit little-endian, clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def trim(samples: Samples, rate_hz: int, *, lead_ms: float, tail_ms: float, floor: float = 0.01) -> Samples:
    """Cut silence (below ``floor``) down to at most ``lead_ms`` before and ``tail_ms`` after the sound."""
    loud = np.flatnonzero(np.abs(samples) > floor)
    if len(loud) == 0:
        return samples[:0]
    start = max(0, int(loud[0]) - int(lead_ms * rate_hz / 1000))
    end = int(loud[-1]) + 1 + int(tail_ms * rate_hz / 1000)
    if end > len(samples):
        samples = np.pad(samples, (0, end - len(samples)))
    return samples[start:end]


def resampled(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    """One clause at another rate."""
    if rate_hz == to_hz:
        return samples
    import soxr

    converted: Samples = soxr.resample(samples, rate_hz, to_hz, quality="HQ")
    return converted
