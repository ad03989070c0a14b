"""Replies in, spoken audio out: sentence by sentence on one playout clock, at most one sentence ahead.

    sentence 1   [synthesis]  frames of 1 taken ......  120 ms  frames of 2 taken ...
    sentence 2                [synthesis]                       ^ no wait
    sentence 3                                                  [synthesis]

A sentence is synthesised only when the first frame of the one before it has been taken. Cancelling or closing the
iterator stops within one frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, TypeVar

from speech.errors import TtsFailed
from speech.spoken_text import SpokenSentence, spoken_sentences
from speech.types import AudioFrame, Language, TtsEngine

GAP_MS = 120
"""Silence between two sentences."""
_SILENCE_FRAME_MS = 20
_ATTEMPTS = 2

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class SpokenRequest:
    """Text of one Reply that is to be spoken."""

    text: str
    """As written; may hold several sentences, digits, markup, emoji."""
    language: Language


@dataclass(frozen=True, slots=True)
class SpokenFrame:
    """A frame of the turn's audio and the sentence it belongs to."""

    sentence: int
    """Counts the spoken sentences of the whole turn, from 0."""
    display: str
    """The sentence as written, for captions and for the history of what was heard."""
    audio: AudioFrame
    """``start_ms`` runs on the turn's playout clock, from 0 and without gaps."""
    is_first: bool
    """Whether this is the sentence's first frame (the silence between sentences belongs to the earlier one)."""


class PromptAudio(Protocol):
    """Where audio of fixed prompts is kept."""

    async def find(self, spoken: str, language: Language) -> list[AudioFrame] | None:
        """Frames of ``spoken`` from 0 ms, or None when it is not kept."""
        ...


class AudioAhead:
    """The first sentence of an answer, synthesised before it is certain that it will be said. ``close`` ends it."""

    def __init__(self, sentence: SpokenSentence, language: Language, tts: TtsEngine) -> None:
        """Begins at once, in a task of its own; the caller must ``close``."""
        self._key = (sentence.spoken, language)
        self._frames: list[AudioFrame] = []
        self._grew = asyncio.Event()
        self._task = asyncio.create_task(self._synthesise(sentence.spoken, language, tts), name="speak ahead")
        self._task.add_done_callback(lambda _: self._grew.set())
        self.first_frame_s: float | None = None
        """When the first frame was there, on the loop's clock."""

    def holds(self, spoken: str, language: Language) -> bool:
        """Whether this is the audio of ``spoken``."""
        return self._key == (spoken, language)

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """What is there, then what comes. Raises ``TtsFailed``."""
        index = 0
        while True:
            while index < len(self._frames):
                yield self._frames[index]
                index += 1
            if self._task.done():
                self._task.result()
                return
            self._grew.clear()
            await self._grew.wait()

    async def close(self) -> None:
        """Stop synthesis within a frame, and let go of the audio."""
        await _ended(self._task)
        self._frames.clear()

    async def _synthesise(self, spoken: str, language: Language, tts: TtsEngine) -> None:
        async with _closing(tts.synthesize(spoken, language)) as frames:
            async for frame in frames:
                self.first_frame_s = self.first_frame_s or asyncio.get_running_loop().time()
                self._frames.append(frame)
                self._grew.set()


async def speak(
    texts: AsyncIterator[SpokenRequest],
    tts: TtsEngine,
    cache: PromptAudio | None = None,
    ahead: Callable[[], AudioAhead | None] = lambda: None,
) -> AsyncGenerator[SpokenFrame, None]:
    """Speak the texts of one turn as they come. What is there ``ahead`` of a sentence is used for it.

    A sentence whose synthesis fails is tried a second time (what was already heard of it is not repeated); then
    ``TtsFailed`` is raised once every frame before it has been yielded, with ``unsaid`` = that sentence and the rest
    of its text as written. ``texts`` is left where it is: the caller still reads later replies from it.
    """
    # Bounded by ``may_begin``: the queue never holds more than the sentence being taken and the next one.
    ready: asyncio.Queue[SpokenFrame | None] = asyncio.Queue()
    may_begin = asyncio.Semaphore(1)
    producer = asyncio.create_task(_produce(texts, _Source(tts, cache, ahead), ready, may_begin), name="speak-ahead")
    clock_ms = 0.0
    previous: SpokenFrame | None = None
    try:
        while (frame := await ready.get()) is not None:
            if frame.is_first and previous is not None:
                for silence in _silence(previous, clock_ms):
                    yield silence
                    clock_ms = silence.audio.end_ms
            if frame.is_first:
                may_begin.release()
            frame = replace(frame, audio=replace(frame.audio, start_ms=clock_ms))
            yield frame
            clock_ms = frame.audio.end_ms
            previous = frame
        await producer
    finally:
        await _ended(producer)


async def _produce(
    texts: AsyncIterator[SpokenRequest],
    source: _Source,
    ready: asyncio.Queue[SpokenFrame | None],
    may_begin: asyncio.Semaphore,
) -> None:
    """Synthesise sentence after sentence into ``ready``, None at the end or before an error."""
    index = 0
    try:
        async for request in texts:
            pending = spoken_sentences(request.text, request.language)
            for position, sentence in enumerate(pending):
                await may_begin.acquire()
                is_first = True
                try:
                    async for audio in source.audio(sentence, request.language):
                        ready.put_nowait(SpokenFrame(index, sentence.display, audio, is_first))
                        is_first = False
                except TtsFailed as error:
                    unsaid = "".join(later.display for later in pending[position:])
                    raise TtsFailed(str(error), unsaid=unsaid) from error
                if is_first:
                    may_begin.release()  # the voice had nothing to say, nobody will take a first frame
                else:
                    index += 1
    finally:
        ready.put_nowait(None)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a sentence's audio comes from: made ahead, kept on disk, or synthesised now."""

    tts: TtsEngine
    cache: PromptAudio | None
    ahead: Callable[[], AudioAhead | None]

    async def audio(self, sentence: SpokenSentence, language: Language) -> AsyncIterator[AudioFrame]:
        """Frames from 0 ms on. Raises ``TtsFailed`` when the second attempt fails too."""
        kept = await self.cache.find(sentence.spoken, language) if self.cache is not None else None
        if kept is not None:
            for frame in kept:
                yield frame
            return
        heard_ms = 0.0
        for attempt in range(_ATTEMPTS):
            try:
                async with _closing(self._attempt(sentence.spoken, language, attempt)) as frames:
                    async for frame in frames:
                        if frame.end_ms > heard_ms:
                            yield frame
                            heard_ms = frame.end_ms
                return
            except TtsFailed:
                if attempt + 1 == _ATTEMPTS:
                    raise

    def _attempt(self, spoken: str, language: Language, attempt: int) -> AsyncIterator[AudioFrame]:
        ahead = self.ahead()
        if attempt == 0 and ahead is not None and ahead.holds(spoken, language):
            return ahead.frames()
        return self.tts.synthesize(spoken, language)


def _silence(after: SpokenFrame, start_ms: float) -> list[SpokenFrame]:
    rate_hz = after.audio.rate_hz
    pcm = b"\0\0" * (rate_hz * _SILENCE_FRAME_MS // 1000)
    return [
        SpokenFrame(after.sentence, after.display, AudioFrame(pcm, rate_hz, start_ms + offset), is_first=False)
        for offset in range(0, GAP_MS, _SILENCE_FRAME_MS)
    ]


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel ``task`` and wait for it; its error, if any, was raised by the caller or is no longer wanted."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


class _closing(AbstractAsyncContextManager[AsyncIterator[_Item]]):  # noqa: N801 reads like contextlib.aclosing
    """``contextlib.aclosing`` for iterators that may be generators."""

    def __init__(self, iterator: AsyncIterator[_Item]) -> None:
        self._iterator = iterator

    async def __aenter__(self) -> AsyncIterator[_Item]:
        return self._iterator

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()
