"""From blocking clause synthesis to 20 ms frames: threads on one side, an async iterator on the other.

piece 1   [made]            frames of 1 ......
piece 2         [made]                        frames of 2 ......
                ^ submitted when piece 1 is ready, never earlier; piece 3 when piece 2 is ready

A piece is a clause or a part of one, as the engine makes them.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future

import numpy as np

from speech.errors import TtsFailed
from speech.tts.due import DuePool
from speech.types import AudioFrame, Samples

FRAME_MS = 20
_HEADROOM = 3

Render = Callable[[], Iterable[Samples]]
"""Synthesises one clause piece by piece, float32 -1..1 mono at the stream's rate. The call and every step may block;
steps may come from different threads, one after the other."""


class ClauseStream:
    """A bounded pool of synthesis threads shared by all sessions.

    Invariant: a sentence has at most one piece in work beyond those handed out, and at most ``waiting`` pieces of all
    sessions are submitted at a time. The piece whose listener runs dry first is made first (``speech.tts.due``). Safe
    to cancel at any point: a piece that has not started is withdrawn, the result of one that has is dropped.
    """

    def __init__(self, name: str, rate_hz: int, *, workers: int, waiting: int = 64) -> None:
        self._name = name
        self._rate_hz = rate_hz
        self._waiting = waiting
        self._places = threading.BoundedSemaphore(waiting)
        self._pool: DuePool[Samples | None] = DuePool(f"tts-{name}", workers=workers)

    async def frames(self, clauses: Sequence[Render]) -> AsyncIterator[AudioFrame]:
        """Yield the clauses' audio in 20 ms frames without gaps; only the last frame may be shorter.

        The first piece is handed out at once, or with the second where it took long to make (``runs_dry``).
        Raises ``TtsFailed`` when a clause cannot be synthesised or the queue is full.
        """
        clock = asyncio.get_running_loop().time
        framer = Framer(self._rate_hz)
        pieces = (piece for clause in clauses for piece in clause())
        step = functools.partial(next, pieces, None)
        asked_s, made_s = clock(), 0.0
        began_s: float | None = None
        ready: list[Samples] = []
        upcoming = self._submit(step, asked_s)
        try:
            while (samples := await self._finish(upcoming)) is not None:
                ready.append(samples)
                made_s += len(samples) / self._rate_hz
                wait = began_s is None and runs_dry(clock() - asked_s, made_s)
                began_s = clock() if began_s is None else began_s
                upcoming = self._submit(step, began_s + made_s)
                if wait:
                    continue
                for frame in framer.push(np.concatenate(ready)):
                    yield frame
                ready.clear()
            for frame in itertools.chain.from_iterable(map(framer.push, ready)):
                yield frame
            for frame in framer.flush():
                yield frame
        finally:
            upcoming.cancel()

    def close(self) -> None:
        """Withdraw what waits and let the threads end."""
        self._pool.close()

    def _submit(self, step: Callable[[], Samples | None], due_s: float) -> Future[Samples | None]:
        if not self._places.acquire(blocking=False):
            raise TtsFailed(f"{self._name}: {self._waiting} pieces already wait for synthesis")
        try:
            future = self._pool.submit(step, due_s)
        except RuntimeError as error:
            self._places.release()
            raise TtsFailed(f"{self._name}: the voice is closed") from error
        future.add_done_callback(lambda _: self._places.release())
        return future

    async def _finish(self, future: Future[Samples | None]) -> Samples | None:
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise TtsFailed(f"{self._name}: the voice was closed") from None  # close() withdrew the piece, not us
        except Exception as error:  # anything may come out of an engine; the text stays out, it is personal data
            raise TtsFailed(f"{self._name}: synthesis failed ({type(error).__name__})") from error


def runs_dry(took_s: float, audio_s: float) -> bool:
    """Whether a listener given the first piece now would wait for the second in the middle of a word.

    The second is longer and may wait behind other sessions': on a busy machine it takes up to three times as long.
    """
    return audio_s < _HEADROOM * took_s


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


class Trim:
    """Cuts silence (below ``floor``) around the sound of a clause that comes in pieces.

    What follows the last loud sample is kept back until it is known whether more sound comes.
    """

    def __init__(self, rate_hz: int, *, lead_ms: float, floor: float = 0.01) -> None:
        self._rate_hz = rate_hz
        self._lead = int(lead_ms * rate_hz / 1000)
        self._floor = floor
        self._kept = np.zeros(0, np.float32)
        self._heard = False

    def push(self, samples: Samples) -> Samples:
        """What is certain to be part of the sound: from at most ``lead_ms`` before it up to its last loud sample."""
        loud = np.flatnonzero(np.abs(samples) > self._floor)
        joined: Samples = np.concatenate([self._kept, samples])
        if len(loud) == 0:
            self._kept = joined if self._heard else joined[max(0, len(joined) - self._lead) :]
            return joined[:0]
        before = len(self._kept)
        start = 0 if self._heard else max(0, before + int(loud[0]) - self._lead)
        end = before + int(loud[-1]) + 1
        self._kept, self._heard = joined[end:], True
        return joined[start:end]

    def finish(self, tail_ms: float) -> Samples:
        """Exactly ``tail_ms`` after the sound, filled up with zeros; nothing when there was none."""
        tail = int(tail_ms * self._rate_hz / 1000) if self._heard else 0
        kept = self._kept[:tail]
        return np.pad(kept, (0, tail - len(kept)))


def trim(samples: Samples, rate_hz: int, *, lead_ms: float, tail_ms: float) -> Samples:
    """A whole clause with at most ``lead_ms`` before and ``tail_ms`` after its sound."""
    cut = Trim(rate_hz, lead_ms=lead_ms)
    return np.concatenate([cut.push(samples), cut.finish(tail_ms)])


def resampled(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    """One clause at another rate."""
    if rate_hz == to_hz:
        return samples
    import soxr

    converted: Samples = soxr.resample(samples, rate_hz, to_hz, quality="HQ")
    return converted


def resampled_pieces(pieces: Iterable[Samples], rate_hz: int, to_hz: int) -> Iterator[Samples]:
    """The same of a clause in pieces; a few milliseconds stay in the filter until the end."""
    import soxr

    stream = soxr.ResampleStream(rate_hz, to_hz, 1, dtype="float32", quality="HQ")
    for piece in pieces:
        yield stream.resample_chunk(piece)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
