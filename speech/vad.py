"""Voice activity: 16 kHz samples in, one speech probability per 32 ms window out (Silero VAD v6, ONNX).

The network is recurrent; all of its state (LSTM ``h`` and ``c``, the last 64 samples) is kept by the stream, so one
ONNX session serves every conversation, and windows of many conversations run together:

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
from numpy.typing import NDArray

from speech.errors import ModelMissing
from speech.types import LISTEN_RATE_HZ, Samples
from speech.vad_network import INPUT_SAMPLES, STATE_SIZE, session

WINDOW_SAMPLES = 512
WINDOW_MS = WINDOW_SAMPLES * 1000 / LISTEN_RATE_HZ
_CONTEXT_SAMPLES = INPUT_SAMPLES - WINDOW_SAMPLES
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
        self._streams = 0
        self._waiting: list[tuple[SileroStream, asyncio.Future[float]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.Handle | None = None

    def stream(self) -> SileroStream:
        """A stream for one session."""
        return SileroStream(self)

    def opened(self) -> None:
        """A stream has come into being."""
        self._streams += 1

    def closed(self) -> None:
        """A stream is gone."""
        self._streams -= 1

    def infer(self, streams: list[SileroStream]) -> list[float]:
        """Probabilities of the windows that ``streams`` (each once) hold now; their states move on."""
        feeds = {
            "input": np.stack([stream.window for stream in streams]),
            "h": np.stack([stream.h for stream in streams]),
            "c": np.stack([stream.c for stream in streams]),
        }
        probabilities, h, c = self._network.run(None, feeds)
        for index, stream in enumerate(streams):
            stream.move_on(h[index], c[index])
        found: list[float] = probabilities[:, 0].tolist()
        return found

    def soon(self, stream: SileroStream) -> asyncio.Future[float]:
        """The probability of the window that ``stream`` holds, run together with other streams'.

        The stream must take no samples until it is there.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._timer = loop, [], None
        future: asyncio.Future[float] = loop.create_future()
        self._waiting.append((stream, future))
        if len(self._waiting) >= _BATCH:
            self._run()
        elif self._timer is None:
            has_company = self._streams >= _COMPANY_STREAMS
            self._timer = loop.call_later(_COMPANY_S, self._run) if has_company else loop.call_soon(self._run)
        return future

    def _run(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        try:
            found = self.infer([stream for stream, _ in waiting])
        except Exception as error:  # noqa: BLE001 - each stream's caller gets it
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), probability in zip(waiting, found, strict=True):
            if not future.done():
                future.set_result(probability)


class SileroStream:
    """``VadStream`` over the shared network; samples that fill no window wait for the next push."""

    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self.h: NDArray[np.float32] = np.zeros(STATE_SIZE, np.float32)
        self.c: NDArray[np.float32] = np.zeros(STATE_SIZE, np.float32)
        self.window: Samples = np.zeros(INPUT_SAMPLES, np.float32)
        """64 samples of context, then those of the window that have come."""
        self._filled = _CONTEXT_SAMPLES
        vad.opened()

    def __del__(self) -> None:
        self._vad.closed()

    def push(self, samples: Samples) -> list[float]:
        """Probabilities of the windows that are now complete, at once."""
        found: list[float] = []
        at = self._take(samples, 0)
        while self._filled == INPUT_SAMPLES:
            found += self._vad.infer([self])
            at = self._take(samples, at)
        return found

    async def hear(self, samples: Samples) -> list[float]:
        """As ``push``, together with other streams. One call at a time; one that is cancelled ends the stream."""
        found: list[float] = []
        at = self._take(samples, 0)
        while self._filled == INPUT_SAMPLES:
            found.append(await self._vad.soon(self))
            at = self._take(samples, at)
        return found

    def move_on(self, h: NDArray[np.float32], c: NDArray[np.float32]) -> None:
        """The window has been heard: keep the new state (copied) and make its end the context of the next."""
        self.h[:] = h
        self.c[:] = c
        self.window[:_CONTEXT_SAMPLES] = self.window[-_CONTEXT_SAMPLES:]
        self._filled = _CONTEXT_SAMPLES

    def _take(self, samples: Samples, at: int) -> int:
        """Copy what fits from ``at`` on; returns where the rest begins."""
        count = min(samples.size - at, INPUT_SAMPLES - self._filled)
        if count:
            self.window[self._filled : self._filled + count] = samples[at : at + count]
            self._filled += count
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
