"""What the recogniser is asked while an utterance is heard: partial transcripts, the final one ahead, the final one.

Nothing here waits on the frame path: every decode is a task, and its words reach the endpointer when they come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from speech.endpointing import Ended, EndpointConfig, Endpointer, EndpointEvent
from speech.errors import AsrError, AsrFailed, AsrOverloaded
from speech.outbox import Outbox
from speech.recording import Recording
from speech.types import LISTEN_RATE_HZ, BatchAsr, Hotwords, Language, Recognition, RecognitionFailed, Samples, Wordless
from speech.utterance import Utterance


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


class Decoding:
    """All decodes of one stream: at most one partial or early decode at a time, and the finals in their order."""

    MAX_PENDING_FINALS = 4
    """More utterances than this are not taken in before the recogniser has answered."""

    def __init__(
        self,
        asr: BatchAsr,
        config: ListenConfig,
        language: Callable[[], Language | None],
        recording: Recording,
        endpointer: Endpointer,
        outbox: Outbox,
        decided: Callable[[list[EndpointEvent]], None],
        hotwords: Callable[[float], Hotwords | None],
    ) -> None:
        """``decided`` gets what the endpointer makes of the words; ``hotwords`` are for a final of so many seconds."""
        self.tasks: asyncio.TaskGroup
        """Set before the first utterance; owns every decode."""
        self._asr = asr
        self._config = config
        self._language = language
        self._recording = recording
        self._endpointer = endpointer
        self._outbox = outbox
        self._decided = decided
        self._hotwords = hotwords
        self._finals: deque[asyncio.Task[None]] = deque()

    async def room(self) -> None:
        """Wait until not too many finals are missing."""
        while len(self._finals) >= self.MAX_PENDING_FINALS:
            await asyncio.wait({self._finals[0]})
            self._forget_finished()

    def _audio(self, utterance: Utterance, last_speech_ms: float, now_ms: float) -> Samples:
        """What the recogniser hears; nothing after ``now_ms``, where the next utterance may begin."""
        return self._recording.cut(utterance.audio_ms, min(last_speech_ms + self._config.tail_ms, now_ms))

    # --- partial transcripts: whatever fits in, one at a time ---

    def partial_if_due(self, utterance: Utterance) -> None:
        """Decode what was said so far, when enough is new and nothing else is being decoded."""
        now_ms = self._recording.end_ms
        if (
            not self._config.partial_interval_ms
            or utterance.pause_ms is not None
            or now_ms < utterance.next_partial_ms
            or (utterance.partial is not None and not utterance.partial.done())
        ):
            return
        utterance.next_partial_ms = now_ms + self._config.partial_interval_ms
        samples = self._audio(utterance, now_ms, now_ms)
        utterance.partial = self.tasks.create_task(self._partial(utterance, samples, now_ms))

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
            self._outbox.put(utterance.partial_transcript(recognition, now_ms, at_pause=at_pause))
        else:
            shift_ms = utterance.shift_ms
            self._outbox.put(Wordless(utterance.utterance_id, utterance.start_ms + shift_ms, until_ms + shift_ms))
        self._decided(self._endpointer.hear_text(recognition.text, until_ms))

    # --- pauses: the final transcript is decoded ahead ---

    def pause(self, utterance: Utterance, at_ms: float) -> None:
        """Nothing was said since ``at_ms``: make sure that the words up to there are decoded."""
        if utterance.speculation is not None:
            utterance.added_ms += at_ms - utterance.resumed_ms
        utterance.pause_ms = at_ms
        if not self._keeps_speculation(utterance, at_ms):
            self._speculate(utterance)

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
        utterance.speculation = self.tasks.create_task(
            self._speculative(utterance, self._audio(utterance, utterance.pause_ms, self._recording.end_ms))
        )

    async def _speculative(self, utterance: Utterance, samples: Samples) -> Recognition | AsrError:
        result = await self._transcribe(samples)
        if isinstance(result, Recognition):
            self._show(utterance, result, utterance.speculated_ms)
        elif not utterance.is_over and utterance.pause_ms == utterance.speculated_ms:
            self._decided(self._endpointer.miss_text())
        if not utterance.is_over and utterance.pause_ms not in {None, utterance.speculated_ms}:
            asyncio.get_running_loop().call_soon(self._speculate, utterance)
        return result

    # --- the final transcript ---

    def finish(self, utterance: Utterance, event: Ended) -> None:
        """Put out the final transcript, or ``RecognitionFailed``, as soon as it is known."""
        if utterance.partial is not None:
            utterance.partial.cancel()
        speculation = utterance.speculation if utterance.speculated_ms == event.end_ms else None
        self._forget_finished()
        previous = self._finals[-1] if self._finals else None
        samples = self._audio(utterance, event.end_ms, event.decided_ms)
        self._finals.append(
            self.tasks.create_task(self._final(utterance, samples, event.end_ms, speculation, previous))
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
        if utterance.is_behind:
            result = Recognition("", self._language() or "zh", 0.0)
        elif not isinstance(result, Recognition):
            result = await self._transcribe(samples)
        if isinstance(result, AsrOverloaded):
            await asyncio.sleep(self._config.retry_ms / 1000)
            result = await self._transcribe(samples)
        if previous is not None:
            await asyncio.wait({previous})
        if isinstance(result, Recognition):
            self._outbox.put(utterance.final_transcript(result, end_ms))
        else:
            start_ms, end_ms = utterance.start_ms + utterance.shift_ms, end_ms + utterance.shift_ms
            self._outbox.put(RecognitionFailed(utterance.utterance_id, result.code, start_ms, end_ms))

    async def _transcribe(self, samples: Samples) -> Recognition | AsrError:
        words = self._hotwords(samples.size / LISTEN_RATE_HZ)
        try:
            async with asyncio.timeout(self._config.decode_deadline_s):
                return await self._asr.transcribe(samples, language=self._language(), hotwords=words)
        except TimeoutError:
            return AsrFailed(f"no answer within {self._config.decode_deadline_s:g} s")
        except AsrError as error:
            return error

    def _forget_finished(self) -> None:
        while self._finals and self._finals[0].done():
            self._finals.popleft()
