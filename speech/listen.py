"""Batch recogniser + VAD = streaming recogniser: 16 kHz frames in, speech events out.

::

    speech    ___|=======================|______________________
    events        ^SpeechStarted ^partial      ^at_pause ^SpeechEnded, final
    decoding             |--partial--|     |---final---|              the final is started at the first plausible
                                           ^pause                     pause and thrown away when speech goes on

Order per utterance: ``SpeechStarted``, partial ``Transcript``s, ``SpeechEnded``, then one final ``Transcript`` or
``RecognitionFailed``. Finals come in the order of their utterances, though the next one may begin before.

No utterance stays open: speech is cut at ``EndpointConfig.max_utterance_ms``, silence ends it after at most
``longest_wait_ms``, and a microphone that sends nothing for ``ListenConfig.stall_ms`` ends it too. A decode is given
up after ``decode_deadline_s``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable

import numpy as np

from speech.audio import float_from_pcm
from speech.decoding import Decoding, ListenConfig
from speech.end_of_turn import EndOfTurn
from speech.endpointing import Ended, Endpointer, EndpointEvent, Paused, Resumed, Started
from speech.errors import AudioError
from speech.foreground import Foreground, Voice
from speech.outbox import Outbox
from speech.recording import SAMPLES_PER_MS, Recording
from speech.types import (
    LISTEN_RATE_HZ,
    AudioFrame,
    BatchAsr,
    EndpointHint,
    Hotwords,
    Language,
    Samples,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
)
from speech.upper_band import NARROW_HZ, UpperBand
from speech.utterance import Utterance
from speech.vad import WINDOW_MS, VadStream, hearing

__all__ = ["ListenConfig", "listen"]


def _free() -> EndpointHint:
    return EndpointHint()


def _any_language() -> Language | None:
    return None


def _no_words(seconds: float) -> Hotwords | None:
    return None


async def listen(
    frames: AsyncIterator[AudioFrame],
    asr: BatchAsr,
    vad: VadStream,
    *,
    config: ListenConfig | None = None,
    hint: Callable[[], EndpointHint] = _free,
    language: Callable[[], Language | None] = _any_language,
    end_of_turn: EndOfTurn | None = None,
    hotwords: Callable[[float], Hotwords | None] = _no_words,
    came_at_hz: int = LISTEN_RATE_HZ,
    first_utterance_id: int = 1,
) -> AsyncGenerator[SpeechEvent, None]:
    """Speech events of one stream, until ``frames`` ends; an utterance in progress is then ended.

    ``came_at_hz``: the rate of the sound before it was resampled to 16 kHz. Over a telephone's, which has no upper
    band, voice activity hears a faint noise there (``speech.upper_band``).

    Never raises for a recogniser that fails (see ``RecognitionFailed``); raises ``AudioError`` for frames that are not
    16 kHz s16 mono, and whatever ``frames`` raises. Cancelling or closing it is safe: everything it started has ended
    when ``aclose`` returns.
    """
    upper_band = UpperBand() if came_at_hz <= NARROW_HZ else None
    listener = _Listener(
        asr, vad, config or ListenConfig(), hint, language, end_of_turn, hotwords, upper_band, first_utterance_id
    )
    worker = asyncio.create_task(listener.run(frames))
    worker.add_done_callback(lambda _: listener.outbox.wake())
    try:
        while not (worker.done() and listener.outbox.is_empty()):
            while not listener.outbox.is_empty():
                yield listener.outbox.pop()
            if not worker.done():
                await listener.outbox.woken()
        worker.result()
    finally:
        worker.cancel()
        await asyncio.wait({worker})
        if not worker.cancelled():
            worker.exception()  # seen: a consumer that has left does not want it


class _Listener:
    """One stream's state; ``run`` owns every task and ends them all before it returns."""

    CLOCK_TOLERANCE_MS = 5
    """Clocks counted in whole milliseconds or packets are this inexact."""
    SLICE_BYTES = 2 * LISTEN_RATE_HZ // 5
    """200 ms: longer frames are taken in piece by piece, so that other sessions get their turn."""

    def __init__(
        self,
        asr: BatchAsr,
        vad: VadStream,
        config: ListenConfig,
        hint: Callable[[], EndpointHint],
        language: Callable[[], Language | None],
        end_of_turn: EndOfTurn | None,
        hotwords: Callable[[float], Hotwords | None],
        upper_band: UpperBand | None,
        first_utterance_id: int,
    ) -> None:
        self.outbox = Outbox()
        self._vad = vad
        self._vad_together = hearing(vad)
        """The network's run with other sessions; None for a stream that can only be pushed."""
        self._upper_band = upper_band
        """For voice activity over a telephone; None for wideband sound."""
        self._config = config
        self._hint = hint
        self._end_of_turn = end_of_turn
        self._next_id = first_utterance_id
        self._endpointer = Endpointer(config.endpoint)
        self._recording = Recording()
        self._foreground = Foreground()
        self._decoding = Decoding(
            asr, config, language, self._recording, self._endpointer, self.outbox, self._on_all, hotwords
        )
        self._shift_ms: float | None = None
        """Stream clock minus recording clock."""
        self._utterance: Utterance | None = None
        self._previous_end_ms = 0.0
        self._waiting_since_s: float | None = None
        """When the wait for the next frame began, on the loop's clock; None while a frame is taken in."""
        self._tasks: asyncio.TaskGroup

    async def run(self, frames: AsyncIterator[AudioFrame]) -> None:
        """Listen until ``frames`` ends and every final is out."""
        clock_s = asyncio.get_running_loop().time
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._decoding.tasks = self._tasks
                async for frame in frames:
                    self._waiting_since_s = None
                    await self._hear(frame)
                    self._waiting_since_s = clock_s()
                if (ended := self._endpointer.flush()) is not None:
                    self._on(ended)
        except BaseExceptionGroup as group:
            if len(group.exceptions) > 1:
                raise
            raise group.exceptions[0] from group.exceptions[0].__cause__

    # --- the frame path: never waits for the recogniser, only for a consumer that lags ---

    async def _hear(self, frame: AudioFrame) -> None:
        if frame.rate_hz != LISTEN_RATE_HZ:
            raise AudioError(f"listening takes {LISTEN_RATE_HZ} Hz, got {frame.rate_hz} Hz: resample at the edge")
        if self._clock_moved(frame):
            await self._take(self._gap_before(frame))
        for at in range(0, len(frame.pcm), self.SLICE_BYTES):
            await self._take(float_from_pcm(frame.pcm[at : at + self.SLICE_BYTES]))
            if self._vad_together is None:
                await asyncio.sleep(0)
        await self.outbox.room()
        await self._decoding.room()

    def _clock_moved(self, frame: AudioFrame) -> bool:
        """Whether ``frame`` does not begin where the last one ended."""
        if self._shift_ms is None:
            self._shift_ms = frame.start_ms - self._recording.end_ms
        return abs(frame.start_ms - self._shift_ms - self._recording.end_ms) >= self.CLOCK_TOLERANCE_MS

    def _gap_before(self, frame: AudioFrame) -> Samples:
        """Silence for the audio that was lost before ``frame``, whose clock has moved.

        A long gap is filled just far enough to end the utterance; the rest moves the clock. A clock that jumps back
        (a client that reconnects) is followed without a gap.
        """
        shift_ms = self._shift_ms or 0.0
        missing_ms = frame.start_ms - shift_ms - self._recording.end_ms
        fill_ms = min(max(missing_ms, 0.0), self._config.endpoint.longest_wait_ms + 2 * WINDOW_MS)
        self._shift_ms = shift_ms + missing_ms - fill_ms
        return np.zeros(round(fill_ms * SAMPLES_PER_MS), np.float32)

    async def _take(self, samples: Samples) -> None:
        if not samples.size:
            return
        self._recording.push(samples)
        together = self._vad_together
        heard = samples if self._upper_band is None else self._upper_band.filled(samples)
        probabilities = self._vad.push(heard) if together is None else await together(heard)
        end_ms = self._recording.end_ms // WINDOW_MS * WINDOW_MS
        before = self._utterance
        power = float(np.dot(samples, samples)) / samples.size  # a window more or less: levels are smoothed anyway
        for index, probability in enumerate(probabilities, start=-len(probabilities)):
            start_ms = end_ms + index * WINDOW_MS
            near = self._near(start_ms, power, probability)
            self._on_all(self._endpointer.push(start_ms, WINDOW_MS, near, self._hint()))
        if self._utterance is before is not None and self._endpointer.is_speaking:
            before.hear(samples)
        if self._utterance is not None:
            self._decoding.partial_if_due(self._utterance)
        elif probabilities:
            self._forget_audio()

    def _near(self, start_ms: float, power: float, probability: float) -> float:
        """The probability that the customer speaks: a voice behind them is none of theirs."""
        voice = self._foreground.push(power, WINDOW_MS, probability, in_utterance=self._utterance is not None)
        if voice is Voice.NEARER and self._utterance is not None:
            self._utterance.is_behind = True
            if (ended := self._endpointer.restart(start_ms - WINDOW_MS)) is not None:
                self._on(ended)
        return 0.0 if voice is Voice.BEHIND else probability

    def _forget_audio(self) -> None:
        # a start not yet confirmed lies at most this far back
        unconfirmed_ms = 4 * self._config.endpoint.min_speech_ms + self._config.endpoint.swell_ms + WINDOW_MS
        self._recording.forget_before(self._recording.end_ms - self._config.preroll_ms - unconfirmed_ms)

    def _on_all(self, events: Iterable[EndpointEvent]) -> None:
        for event in events:
            self._on(event)

    def _on(self, event: EndpointEvent) -> None:
        if isinstance(event, Started):
            self._begin(event.start_ms)
        elif self._utterance is None:
            raise AssertionError("endpointing said something about no utterance")
        elif isinstance(event, Paused):
            self._pause(self._utterance, event.at_ms)
        elif isinstance(event, Resumed):
            self._utterance.pause_ms = None
            self._utterance.resumed_ms = event.at_ms
            self._utterance.next_partial_ms = event.at_ms + self._config.partial_interval_ms
        else:
            self._finish(self._utterance, event)
            self._utterance = None

    def _begin(self, start_ms: float) -> None:
        shift_ms = self._shift_ms or 0.0
        self._utterance = Utterance(
            self._next_id,
            start_ms,
            shift_ms,
            audio_ms=max(start_ms - self._config.preroll_ms, self._previous_end_ms),
            next_partial_ms=start_ms + self._config.partial_interval_ms,
        )
        self._next_id += 1
        self._utterance.hear(self._recording.cut(start_ms, self._recording.end_ms))
        self._utterance.watch = self._tasks.create_task(self._watch())
        self.outbox.put(SpeechStarted(self._utterance.utterance_id, start_ms + shift_ms))

    async def _watch(self) -> None:
        """End the utterance when the microphone stops sending: the sample clock stands still then."""
        left_s = stall_s = self._config.stall_ms / 1000
        while left_s > 0:
            await asyncio.sleep(left_s)
            since_s = self._waiting_since_s
            left_s = stall_s if since_s is None else since_s + stall_s - asyncio.get_running_loop().time()
        if self._utterance is not None and (ended := self._endpointer.flush()) is not None:
            self._utterance.watch = None
            self._on(ended)

    def _pause(self, utterance: Utterance, at_ms: float) -> None:
        if self._end_of_turn is not None:
            samples = self._recording.cut(utterance.audio_ms, self._recording.end_ms)
            self._tasks.create_task(self._judge_turn(utterance, self._end_of_turn, samples, at_ms))
        self._decoding.pause(utterance, at_ms)

    async def _judge_turn(self, utterance: Utterance, model: EndOfTurn, samples: Samples, at_ms: float) -> None:
        probability = await model.probability(samples)
        if probability is not None and not utterance.is_over:
            self._endpointer.hear_turn(probability, at_ms)

    def _finish(self, utterance: Utterance, event: Ended) -> None:
        utterance.is_over = True
        self._previous_end_ms = event.end_ms
        if utterance.watch is not None:
            utterance.watch.cancel()
        ended_ms, decided_ms = event.end_ms + utterance.shift_ms, event.decided_ms + utterance.shift_ms
        self.outbox.put(SpeechEnded(utterance.utterance_id, ended_ms, decided_ms))
        self._decoding.finish(utterance, event)
