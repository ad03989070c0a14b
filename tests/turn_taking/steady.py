"""Real engines in virtual time: every decode takes the same virtual while, whatever the machine does meanwhile.

The engines run on an event loop of their own in a second thread; the session's loop, which is virtual, stands still
until they answer. So the words and the voice activity are real, and the run is the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from gateway.voice import Vad
from speech.types import (
    AsrCapabilities,
    AudioFrame,
    BatchAsr,
    Language,
    Recognition,
    Samples,
    TtsCapabilities,
    TtsEngine,
)
from speech.vad import VadStream

DECODE_S = 0.35
FIRST_AUDIO_S = 0.12
_Result = TypeVar("_Result")


class EngineLoop:
    """A running event loop in a thread of its own."""

    def __init__(self) -> None:
        """Runs until ``close``."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engines", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do ``work`` there; blocks until it is done."""
        return self.submit(work).result()

    def submit(self, work: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Begin ``work`` there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Stop the loop and wait for the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SteadyAsr:
    """``BatchAsr``: the words of ``asr`` after ``DECODE_S``."""

    def __init__(self, asr: BatchAsr, engines: EngineLoop) -> None:
        """``asr`` belongs to ``engines``."""
        self._asr = asr
        self._engines = engines

    @property
    def capabilities(self) -> AsrCapabilities:
        """Of the engine behind."""
        return self._asr.capabilities

    async def transcribe(
        self, samples: Samples, *, language: Language | None = None, partial: bool = False, **options: Any
    ) -> Recognition:
        """See ``BatchAsr``."""
        found = self._engines.run(self._asr.transcribe(samples, language=language, partial=partial, **options))
        await asyncio.sleep(DECODE_S)
        return found

    async def close(self) -> None:
        """Nothing of its own."""


class SteadyTts:
    """``TtsEngine``: the sound of ``tts``, the first of it after ``FIRST_AUDIO_S``."""

    def __init__(self, tts: TtsEngine, engines: EngineLoop) -> None:
        """``tts`` belongs to ``engines``."""
        self._tts = tts
        self._engines = engines
        self._kept: dict[tuple[str, Language], list[AudioFrame]] = {}

    @property
    def capabilities(self) -> TtsCapabilities:
        """Of the engine behind."""
        return self._tts.capabilities

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """See ``TtsEngine``."""
        if (text, language) not in self._kept:
            self._kept[text, language] = self._engines.run(_frames(self._tts, text, language))
        await asyncio.sleep(FIRST_AUDIO_S)
        for frame in self._kept[text, language]:
            yield frame

    async def close(self) -> None:
        """Nothing of its own."""


async def _frames(tts: TtsEngine, text: str, language: Language) -> list[AudioFrame]:
    return [frame async for frame in tts.synthesize(text, language)]


class SteadyVad:
    """``Vad`` whose streams answer at once, never together with others."""

    def __init__(self, vad: Vad) -> None:
        """``vad`` must have synchronous streams."""
        self._vad = vad

    def stream(self) -> VadStream:
        """A stream without ``hear``."""
        return _Pushed(self._vad.stream())


class _Pushed:
    """Only ``push`` of a stream."""

    def __init__(self, stream: VadStream) -> None:
        self._stream = stream

    def push(self, samples: Samples) -> list[float]:
        """See ``VadStream``."""
        return self._stream.push(samples)
