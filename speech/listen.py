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
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from speech.audio import float_from_pcm
from speech.end_of_turn import EndOfTurn
from speech.endpointing import Ended, EndpointConfig, Endpointer, EndpointEvent, Paused, Resumed, Started
from speech.errors import AsrError, AsrFailed, AsrOverloaded, AudioError
from speech.outbox import Outbox
from speech.recording import SAMPLES_PER_MS, Recording
from speech.types import (
    LISTEN_RATE_HZ,
    AudioFrame,
    BatchAsr,
    EndpointHint,
    Language,
    Recognition,
    RecognitionFailed,
    Samples,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
)
from speech.utterance import Utterance
from speech.vad import WINDOW_MS, VadStream, hearing


@dataclass(frozen=True, slots=True)
class ListenConfig:
    """Waits and margins in milliseconds."""

    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    preroll_ms: float = 300
    """Audio before the detected start that the recogniser also hears."""
    tail_ms: float = 200
    """Silence after the last speech that the recogniser also hears."""
    partial_interval_ms: float = 800
    """Speech between partial transcripts; 0: none."""
    speculate: bool = True
    """Decode at the first plausible pause instead of at the endpoint."""
    redecode_ms: float = 100
    """Less speech than this after a pause leaves the words decoded there as they are."""
    retry_ms: float = 300
    """Wait before the one retry of a final decode that was refused."""
    decode_deadline_s: float = 20
    """A decode that takes longer counts as failed, so that no customer waits for ever."""
    stall_ms: float = 3000
    """Time without a frame after which an open utterance ends."""


def _free() -> EndpointHint:
    return EndpointHint()


def _any_language() -> Language | None:
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
    first_utterance_id: int = 1,
) -> AsyncGenerator[SpeechEvent, None]:
    """Speech events of one stream, until ``frames`` ends; an utterance in progress is then ended.

    Never raises for a recogniser that fails (see ``RecognitionFailed``); raises ``AudioError`` for frames that are not
    16 kHz s16 mono, and whatever ``frames`` raises. Cancelling or closing it is safe: everything it started has ended
    when ``aclose`` returns.
    """
    listener = _Listener(asr, vad, config or ListenConfig(), hint, language, end_of_turn, first_utterance_id)
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

    MAX_PENDING_FINALS = 4
    """More utterances than this are not taken in before the recogniser has answered."""
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
        first_utterance_id: int,
    ) -> None:
        self.outbox = Outbox()
        self._asr = asr
        self._vad = vad
        self._vad_together = hearing(vad)
        """The network's run with other sessions; None for a stream that can only be pushed."""
        self._config = config
        self._hint = hint
        self._language = language
        self._end_of_turn = end_of_turn
        self._next_id = first_utterance_id
        self._endpointer = Endpointer(config.endpoint)
        self._recording = Recording()
        self._shift_ms: float | None = None
        """Stream clock minus recording clock."""
        self._utterance: Utterance | None = None
        self._previous_end_ms = 0.0
        self._waiting_since_s: float | None = None
        """When the wait for the next frame began, on the loop's clock; None while a frame is taken in."""
        self._finals: deque[asyncio.Task[None]] = deque()
        self._tasks: asyncio.TaskGroup

    async def run(self, frames: AsyncIterator[AudioFrame]) -> None:
        """Listen until ``frames`` ends and every final is out."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                async for frame in frames:
                    self._waiting_since_s = None
                    await self._hear(frame)
                    self._waiting_since_s = asyncio.get_running_loop().time()
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
        await self._take(self._gap_before(frame))
        for at in range(0, len(frame.pcm), self.SLICE_BYTES):
            await self._take(float_from_pcm(frame.pcm[at : at + self.SLICE_BYTES]))
            if self._vad_together is None:
                await asyncio.sleep(0)
        await self.outbox.room()
        while len(self._finals) >= self.MAX_PENDING_FINALS:
            await asyncio.wait({self._finals[0]})
            self._forget_finished()

    def _gap_before(self, frame: AudioFrame) -> Samples:
        """Silence for the audio that was lost before ``frame``.

        A long gap is filled just far enough to end the utterance; the rest moves the clock. A clock that jumps back
        (a client that reconnects) is followed without a gap.
        """
        now_ms = self._recording.end_ms
        if self._shift_ms is None:
            self._shift_ms = frame.start_ms - now_ms
        missing_ms = frame.start_ms - self._shift_ms - now_ms
        if abs(missing_ms) < self.CLOCK_TOLERANCE_MS:
            return np.zeros(0, np.float32)
        fill_ms = min(max(missing_ms, 0.0), self._config.endpoint.longest_wait_ms + 2 * WINDOW_MS)
        self._shift_ms += missing_ms - fill_ms
        return np.zeros(round(fill_ms * SAMPLES_PER_MS), np.float32)

    async def _take(self, samples: Samples) -> None:
        if not samples.size:
            return
        self._recording.push(samples)
        together = self._vad_together
        probabilities = self._vad.push(samples) if together is None else await together(samples)
        end_ms = self._recording.end_ms // WINDOW_MS * WINDOW_MS
        before = self._utterance
        for index, probability in enumerate(probabilities, start=-len(probabilities)):
            self._on_all(self._endpointer.push(end_ms + index * WINDOW_MS, WINDOW_MS, probability, self._hint()))
        if self._utterance is before is not None and self._endpointer.is_speaking:
            before.hear(samples)
        self._partial_if_due()
        self._forget_audio()

    def _forget_audio(self) -> None:
        if self._utterance is None:
            # a start not yet confirmed lies at most this far back
            unconfirmed_ms = 4 * self._config.endpoint.min_speech_ms + WINDOW_MS
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

    def _audio(self, utterance: Utterance, last_speech_ms: float, now_ms: float) -> Samples:
        """What the recogniser hears; nothing after ``now_ms``, where the next utterance may begin."""
        return self._recording.cut(utterance.audio_ms, min(last_speech_ms + self._config.tail_ms, now_ms))

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

    # --- partial transcripts: whatever fits in, one at a time ---

    def _partial_if_due(self) -> None:
        utterance, now_ms = self._utterance, self._recording.end_ms
        if (
            utterance is None
            or not self._config.partial_interval_ms
            or utterance.pause_ms is not None
            or now_ms < utterance.next_partial_ms
            or (utterance.partial is not None and not utterance.partial.done())
        ):
            return
        utterance.next_partial_ms = now_ms + self._config.partial_interval_ms
        samples = self._audio(utterance, now_ms, now_ms)
        utterance.partial = self._tasks.create_task(self._partial(utterance, samples, now_ms))

    async def _partial(self, utterance: Utterance, samples: Samples, until_ms: float) -> None:
        try:
            recognition = await self._asr.transcribe(samples, language=self._language(), partial=True)
        except AsrError:
            return
        # long utterances take long to decode again: leave the recogniser free at least half of the time
        utterance.next_partial_ms = max(utterance.next_partial_ms, self._recording.end_ms + 2 * recognition.decode_ms)
        self._show(utterance, recognition, until_ms)

    def _show(self, utterance: Utterance, recognition: Recognition, until_ms: float) -> None:
        """What is known of the speech up to ``until_ms``, unless the utterance is over; that may end it."""
        if utterance.is_over:
            return
        if recognition.text:
            at_pause = utterance.pause_ms == until_ms
            now_ms = self._recording.end_ms
            self.outbox.put(utterance.partial_transcript(recognition, now_ms, at_pause=at_pause))
        self._on_all(self._endpointer.hear_text(recognition.text, until_ms))

    # --- pauses: the final transcript is decoded ahead, and the voice is judged ---

    def _pause(self, utterance: Utterance, at_ms: float) -> None:
        if utterance.speculation is not None:
            utterance.added_ms += at_ms - utterance.resumed_ms
        utterance.pause_ms = at_ms
        if self._end_of_turn is not None:
            samples = self._recording.cut(utterance.audio_ms, self._recording.end_ms)
            self._tasks.create_task(self._judge_turn(utterance, self._end_of_turn, samples, at_ms))
        if not self._keeps_speculation(utterance, at_ms):
            self._speculate(utterance)

    async def _judge_turn(self, utterance: Utterance, model: EndOfTurn, samples: Samples, at_ms: float) -> None:
        probability = await model.probability(samples)
        if probability is not None and not utterance.is_over:
            self._endpointer.hear_turn(probability, at_ms)

    def _keeps_speculation(self, utterance: Utterance, at_ms: float) -> bool:
        """Whether so little was said since the last pause that its words hold for this one too."""
        speculation = utterance.speculation
        if speculation is None or utterance.added_ms >= self._config.redecode_ms:
            return False
        result = speculation.result() if speculation.done() else None
        if isinstance(result, AsrError):
            return False
        utterance.speculated_ms = at_ms
        if result is None:
            self._endpointer.expect_text()
        else:
            self._show(utterance, result, at_ms)
        return True

    def _speculate(self, utterance: Utterance) -> None:
        """Decode up to the pause, unless an earlier speculation still runs: then that one starts this one."""
        if not self._config.speculate or (utterance.speculation is not None and not utterance.speculation.done()):
            return
        if utterance.is_over or utterance.pause_ms is None or utterance.pause_ms == utterance.speculated_ms:
            return
        if utterance.partial is not None:
            utterance.partial.cancel()
        utterance.speculated_ms, utterance.added_ms = utterance.pause_ms, 0.0
        self._endpointer.expect_text()
        utterance.speculation = self._tasks.create_task(
            self._speculative(utterance, self._audio(utterance, utterance.pause_ms, self._recording.end_ms))
        )

    async def _speculative(self, utterance: Utterance, samples: Samples) -> Recognition | AsrError:
        result = await self._transcribe(samples)
        if isinstance(result, Recognition):
            self._show(utterance, result, utterance.speculated_ms)
        elif not utterance.is_over and utterance.pause_ms == utterance.speculated_ms:
            self._on_all(self._endpointer.miss_text())
        if not utterance.is_over and utterance.pause_ms not in {None, utterance.speculated_ms}:
            asyncio.get_running_loop().call_soon(self._speculate, utterance)
        return result

    # --- the final transcript ---

    def _finish(self, utterance: Utterance, event: Ended) -> None:
        utterance.is_over = True
        self._previous_end_ms = event.end_ms
        for task in (utterance.partial, utterance.watch):
            if task is not None:
                task.cancel()
        ended_ms, decided_ms = event.end_ms + utterance.shift_ms, event.decided_ms + utterance.shift_ms
        self.outbox.put(SpeechEnded(utterance.utterance_id, ended_ms, decided_ms))
        speculation = utterance.speculation if utterance.speculated_ms == event.end_ms else None
        self._forget_finished()
        previous = self._finals[-1] if self._finals else None
        samples = self._audio(utterance, event.end_ms, event.decided_ms)
        self._finals.append(
            self._tasks.create_task(self._final(utterance, samples, event.end_ms, speculation, previous))
        )

    async def _final(
        self,
        utterance: Utterance,
        samples: Samples,
        end_ms: float,
        speculation: asyncio.Task[Recognition | AsrError] | None,
        previous: asyncio.Task[None] | None,
    ) -> None:
        result = await speculation if speculation is not None else None
        if not isinstance(result, Recognition):
            result = await self._transcribe(samples)
        if isinstance(result, AsrOverloaded):
            await asyncio.sleep(self._config.retry_ms / 1000)
            result = await self._transcribe(samples)
        if previous is not None:
            await asyncio.wait({previous})
        if isinstance(result, Recognition):
            self.outbox.put(utterance.final_transcript(result, end_ms))
        else:
            start_ms, end_ms = utterance.start_ms + utterance.shift_ms, end_ms + utterance.shift_ms
            self.outbox.put(RecognitionFailed(utterance.utterance_id, result.code, start_ms, end_ms))

    async def _transcribe(self, samples: Samples) -> Recognition | AsrError:
        try:
            async with asyncio.timeout(self._config.decode_deadline_s):
                return await self._asr.transcribe(samples, language=self._language())
        except TimeoutError:
            return AsrFailed(f"no answer within {self._config.decode_deadline_s:g} s")
        except AsrError as error:
            return error

    def _forget_finished(self) -> None:
        while self._finals and self._finals[0].done():
            self._finals.popleft()
