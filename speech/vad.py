"""Voice activity: 16 kHz samples in, one speech probability per 32 ms window out (Silero VAD v6, ONNX).

The network is recurrent; its state (LSTM ``h`` and ``c``, the last 64 samples) is a row for each stream, so one ONNX
session serves every conversation, and windows of many conversations run together:

    stream 1   --|win|---------------------
    stream 2   -----|win|------------------   each waits for the end of the event loop's pass, with many streams up
    stream 3   -------|win|----------------   to 4 ms, for company
    network    --------------|1 2 3|-------   one run
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from speech.errors import ModelMissing
from speech.types import LISTEN_RATE_HZ, Samples
from speech.vad_network import INPUT_SAMPLES, STATE_SIZE, session

WINDOW_SAMPLES = 512
WINDOW_MS = WINDOW_SAMPLES * 1000 / LISTEN_RATE_HZ
_CONTEXT_SAMPLES = INPUT_SAMPLES - WINDOW_SAMPLES
_ROWS = 64
"""Rows are added in such blocks."""
_BATCH = 64
"""Windows of one run; 0.5 ms."""
_COMPANY_S = 0.004
_COMPANY_STREAMS = 16
"""With fewer streams hardly another window comes within 4 ms: none is waited for."""


class VadStream(Protocol):
    """Per-session voice activity. Not safe to share between sessions.

    A stream may also have ``async def hear(samples) -> list[float]``, the same for callers that can wait a moment.
    """

    def push(self, samples: Samples) -> list[float]:
        """Probabilities (0..1) of the 512-sample windows that ``samples`` (float32, 16 kHz) completes."""
        ...


def hearing(vad: VadStream) -> Callable[[Samples], Awaitable[list[float]]] | None:
    """The stream's ``hear``, where it has one."""
    return getattr(vad, "hear", None)


class SileroVad:
    """The shared network and the windows that wait for it. Raises ``ModelMissing`` when the model is not installed.

    Belongs to one event loop at a time; ``push`` of its streams needs none.
    """

    def __init__(self) -> None:
        self._network = _load()
        self.windows = np.zeros((0, INPUT_SAMPLES), np.float32)
        """A row for each stream: 64 samples of context, then those of the window that have come."""
        self._states = np.zeros((0, STATE_SIZE), np.float32)
        self._free: list[int] = []
        self._gone: list[int] = []
        """Rows whose streams are gone; a window of theirs may still be waiting."""
        self._waiting: list[int] = []
        """Rows whose windows are complete, and who waits for them."""
        self._futures: list[asyncio.Future[float]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.Handle | None = None

    def stream(self) -> SileroStream:
        """A stream for one session."""
        return SileroStream(self)

    def opened(self) -> int:
        """The row of a new stream that has heard nothing."""
        if not self._free:
            self._reclaim()
        row = self._free.pop()
        self.windows[row], self._states[row] = 0, 0
        return row

    def closed(self, row: int) -> None:
        """The stream of this row is gone. Any thread may say so: the collector runs in all of them."""
        self._gone.append(row)

    def _reclaim(self) -> None:
        gone, self._gone = self._gone, []
        for row in gone:
            (self._gone if row in self._waiting else self._free).append(row)
        if not self._free:
            count = len(self.windows)
            self.windows = np.concatenate([self.windows, np.zeros((_ROWS, INPUT_SAMPLES), np.float32)])
            self._states = np.concatenate([self._states, np.zeros((_ROWS, STATE_SIZE), np.float32)])
            self._free = list(range(count + _ROWS - 1, count - 1, -1))

    def infer(self, rows: list[int]) -> list[float]:
        """Probabilities of the complete windows in ``rows`` (each once). Their states move on, context included."""
        index = np.array(rows)
        windows = self.windows[index]
        probabilities, self._states[index] = self._network.run(None, {"input": windows, "state": self._states[index]})
        self.windows[index, :_CONTEXT_SAMPLES] = windows[:, -_CONTEXT_SAMPLES:]
        found: list[float] = probabilities[:, 0].tolist()
        return found

    def soon(self, row: int, loop: asyncio.AbstractEventLoop) -> asyncio.Future[float]:
        """The probability of the window in ``row``, which is complete, run together with other streams' of ``loop``."""
        if loop is not self._loop:
            self._loop, self._waiting, self._futures, self._timer = loop, [], [], None
        future: asyncio.Future[float] = loop.create_future()
        self._waiting.append(row)
        self._futures.append(future)
        if len(self._waiting) >= _BATCH:
            self._run()
        elif self._timer is None:
            has_company = len(self.windows) - len(self._free) - len(self._gone) >= _COMPANY_STREAMS
            self._timer = loop.call_later(_COMPANY_S, self._run) if has_company else loop.call_soon(self._run)
        return future

    def _run(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows, self._waiting = self._waiting, []
        futures, self._futures = self._futures, []
        try:
            found = self.infer(rows)
        except Exception as error:  # noqa: BLE001 - each stream's caller gets it
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, probability in zip(futures, found, strict=True):
            if not future.done():
                future.set_result(probability)


class SileroStream:
    """``VadStream`` over the shared network; samples that fill no window wait for the next push."""

    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self._row = vad.opened()
        self._filled = _CONTEXT_SAMPLES
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that runs ``hear``: asked once, since to ask costs a system call."""

    def __del__(self) -> None:
        self._vad.closed(self._row)

    def push(self, samples: Samples) -> list[float]:
        """Probabilities of the windows that are now complete, at once."""
        found: list[float] = []
        at = self._take(samples, 0)
        while self._filled == INPUT_SAMPLES:
            found += self._vad.infer([self._row])
            self._filled = _CONTEXT_SAMPLES
            at = self._take(samples, at)
        return found

    async def hear(self, samples: Samples) -> list[float]:
        """As ``push``, together with other streams. One call at a time, on one loop; cancelling it ends the stream."""
        found: list[float] = []
        at = self._take(samples, 0)
        while self._filled == INPUT_SAMPLES:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            found.append(await self._vad.soon(self._row, self._loop))
            self._filled = _CONTEXT_SAMPLES
            at = self._take(samples, at)
        return found

    def _take(self, samples: Samples, at: int) -> int:
        """Copy what fits from ``at`` on; returns where the rest begins."""
        filled = self._filled
        count = min(samples.size - at, INPUT_SAMPLES - filled)
        if count:
            self._vad.windows[self._row, filled : filled + count] = samples[at : at + count]
            self._filled = filled + count
        return at + count


@functools.lru_cache(maxsize=1)
def _load() -> Any:
    from faster_whisper.utils import get_assets_path

    path = Path(get_assets_path()) / "silero_vad_v6.onnx"
    if not path.is_file():
        raise ModelMissing(
            "silero_vad_v6.onnx is not in the faster-whisper package; run 'make setup' (or 'kefu setup')"
        )
    return session(path)
