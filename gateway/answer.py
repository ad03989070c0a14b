"""One answer on its way to the customer: its words as they are produced, and its speech, which can be cut and resumed.

``Script`` collects the sentences of a turn while the dialogue produces them. ``Speaker`` speaks a script from any
sentence on, keeping a bounded lead over what the customer has heard; a false barge-in resumes from the sentence that
was cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from dialogue.types import Reply, ReplyAction
from gateway.events import AudioEnd, AudioOut, AudioStart, Caption
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.voice import Voice
from speech.audio import Resampler
from speech.errors import TtsFailed
from speech.speak import SpokenFrame, SpokenRequest, speak
from speech.spoken_text import spoken_sentences

# Audio the customer's side may hold beyond what has been heard. Enough to ride out network jitter and one slow
# synthesis, little enough that a barge-in wastes no work.
_MAX_LEAD_MS = 4000.0
# Longer than any turn deadline: beyond this a voice that says nothing is taken to be broken.
_STALL_S = 30.0


class Script:
    """The sentences of one turn, in order, growing until ``end``."""

    def __init__(self) -> None:
        """Empty."""
        self.turn_id: int | None = None
        self.interruptible = True
        self.tells_result = True
        self.final_action = ReplyAction.SAY
        self._sentences: list[SpokenRequest] = []
        self._ended = False
        self._grew = asyncio.Event()

    def add(self, reply: Reply) -> None:
        """Append a reply's sentences."""
        self.turn_id = reply.turn_id
        self.interruptible = self.interruptible and reply.interruptible
        self.tells_result = self.tells_result and reply.tells_result
        if reply.action is not ReplyAction.SAY:
            self.final_action = reply.action
        self._sentences += [
            SpokenRequest(sentence.display, reply.language) for sentence in spoken_sentences(reply.text, reply.language)
        ]
        self._grew.set()

    def end(self) -> None:
        """Nothing more will be added."""
        self._ended = True
        self._grew.set()

    async def read(self, first: int) -> AsyncIterator[SpokenRequest]:
        """Sentences from index ``first`` on, as they come."""
        index = first
        while True:
            while index < len(self._sentences):
                yield self._sentences[index]
                index += 1
            if self._ended:
                return
            self._grew.clear()
            await self._grew.wait()

    def unsaid(self, first: int) -> str:
        """The words from sentence ``first`` on."""
        return " ".join(request.text for request in self._sentences[first:])


class Speaker:
    """Speaks scripts into an outbox. Cancel ``say`` to cut; ``next_sentence`` then tells where to resume."""

    def __init__(self, voice: Voice, playout: ReportedPlayout, outbox: Outbox, rate_hz: int) -> None:
        """``rate_hz`` is what the client wants."""
        self._voice = voice
        self._playout = playout
        self._outbox = outbox
        self._rate_hz = rate_hz
        self._first = 0
        self.floor = asyncio.Event()
        """Set while the customer is silent; audio waits for it before it starts."""
        self.floor.set()

    @property
    def next_sentence(self) -> int:
        """Index of the first sentence that the customer has not heard to its end."""
        return self._first + self._playout.unheard_from()

    async def say(self, script: Script, first: int, on_first_audio: Callable[[], Awaitable[None]]) -> None:
        """Speak ``script`` from sentence ``first`` and return when the customer has heard it all.

        Raises ``TtsFailed`` when the voice breaks or stalls.
        """
        self._first = first
        self._playout.begin()
        resampler = Resampler(self._voice.tts.capabilities.rate_hz, self._rate_hz)
        async with aclosing(speak(script.read(first), self._voice.tts, self._voice.prompts)) as frames:
            item = await _next(frames)
            if item is None:
                return
            await self.floor.wait()
            turn_id = script.turn_id or 0
            await self._outbox.put(AudioStart(turn_id, self._rate_hz))
            try:
                while item is not None:
                    await self._send(turn_id, item, resampler)
                    await on_first_audio()
                    on_first_audio = _nothing
                    await self._playout.until(_MAX_LEAD_MS)
                    item = await _next(frames)
            except TtsFailed:
                # A client whose audio never ends would wait for the rest and play nothing that comes later.
                await self._end(turn_id, resampler)
                raise
        await self._end(turn_id, resampler)

    async def _end(self, turn_id: int, resampler: Resampler) -> None:
        """No more audio; returns when the customer has heard what was sent."""
        await self._outbox.put(AudioOut(turn_id, 0, resampler.flush()))
        await self._outbox.put(AudioEnd(turn_id, self._playout.sent_ms))
        self._playout.finish()
        await self._playout.until(0)

    async def _send(self, turn_id: int, item: SpokenFrame, resampler: Resampler) -> None:
        if item.is_first:
            await self._outbox.put(Caption(turn_id, self._first + item.sentence, item.display, item.audio.start_ms))
        self._playout.sent(item.sentence, item.display, item.audio.start_ms, item.audio.end_ms)
        await self._outbox.put(AudioOut(turn_id, self._first + item.sentence, resampler.push(item.audio.pcm)))


async def _next(frames: AsyncIterator[SpokenFrame]) -> SpokenFrame | None:
    try:
        async with asyncio.timeout(_STALL_S):
            return await anext(frames, None)
    except TimeoutError as error:
        raise TtsFailed(f"no audio for {_STALL_S:.0f} s") from error


async def _nothing() -> None:
    return
