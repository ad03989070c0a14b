"""One answer on its way to the customer: its words as they are produced, and its speech, which can be held and go on.

``Script`` collects the sentences of a turn while the dialogue produces them. ``Speaker`` speaks a script, keeping a
bounded lead over what the customer has heard. What was made and not yet heard lies on a ``Tape``:

    synthesis --> tape --> outbox           |###heard###|==sent==|--made--|
                   ^ cursor                 hold: the cursor goes back to what was heard; the channel drops the rest
                                            go on: from the cursor, or from the start of its sentence, in a new play
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import numpy as np

from dialogue.types import Reply, ReplyAction
from gateway.events import AudioEnd, AudioOut, AudioStart, Caption
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.voice import Voice
from speech.audio import Resampler, float_from_pcm, resample
from speech.errors import TtsFailed
from speech.speak import AudioAhead, SpokenFrame, SpokenRequest, speak
from speech.spoken_text import spoken_sentences
from speech.types import LISTEN_RATE_HZ, Samples

# Audio the customer's side may hold beyond what has been heard. Enough to ride out network jitter and one slow
# synthesis, little enough that a barge-in wastes no work.
_MAX_LEAD_MS = 4000.0
# Longer than any turn deadline: beyond this a voice that says nothing is taken to be broken.
_STALL_S = 30.0
# What was played so long ago may still come back as an echo.
_ECHO_MS = 1500.0
# Positions come from sums of frame lengths.
_ROUNDING_MS = 0.5


class Script:
    """The sentences of one turn, in order, growing until ``end``."""

    def __init__(self) -> None:
        """Empty."""
        self.turn_id: int | None = None
        self.tells_result = True
        self.final_action = ReplyAction.SAY
        self._sentences: list[SpokenRequest] = []
        self._interruptible: list[bool] = []
        self._ended = False
        self._grew = asyncio.Event()

    def add(self, reply: Reply) -> None:
        """Append a reply's sentences."""
        self.turn_id = reply.turn_id
        self.tells_result = self.tells_result and reply.tells_result
        if reply.action is not ReplyAction.SAY:
            self.final_action = reply.action
        sentences = spoken_sentences(reply.text, reply.language)
        self._sentences += [SpokenRequest(sentence.display, reply.language) for sentence in sentences]
        self._interruptible += [reply.interruptible] * len(sentences)
        self._grew.set()

    def end(self) -> None:
        """Nothing more will be added."""
        self._ended = True
        self._grew.set()

    async def read(self) -> AsyncIterator[SpokenRequest]:
        """Sentences as they come."""
        index = 0
        while True:
            while index < len(self._sentences):
                yield self._sentences[index]
                index += 1
            if self._ended:
                return
            self._grew.clear()
            await self._grew.wait()

    def is_interruptible(self, sentence: int) -> bool:
        """Whether the customer may speak over this sentence."""
        return self._interruptible[sentence] if sentence < len(self._interruptible) else True

    def must_be_heard(self, from_sentence: int) -> bool:
        """Whether there is a sentence from this one on that may not be spoken over."""
        return not all(self._interruptible[from_sentence:])

    @property
    def text(self) -> str:
        """All words so far."""
        return " ".join(request.text for request in self._sentences)


class Tape:
    """Frames of one turn from the sentence that is being heard on. Positions in milliseconds of the turn's audio."""

    def __init__(self) -> None:
        """Empty."""
        self._frames: deque[SpokenFrame] = deque()

    def add(self, frame: SpokenFrame) -> None:
        """Append the next frame."""
        self._frames.append(frame)

    def at(self, ms: float) -> SpokenFrame | None:
        """The frame that sounds at ``ms``; None beyond the end."""
        if not self._frames or self._frames[-1].audio.end_ms <= ms + _ROUNDING_MS:
            return None
        first_ms, step_ms = self._frames[0].audio.start_ms, self._frames[0].audio.duration_ms
        # frames are of one length but for the last of a sentence: begin near the place
        index = min(len(self._frames) - 1, max(0, int((ms - first_ms) / step_ms) - 1))
        while index and self._frames[index].audio.start_ms > ms:
            index -= 1
        while self._frames[index].audio.end_ms <= ms + _ROUNDING_MS:
            index += 1
        return self._frames[index]

    def between(self, from_ms: float, to_ms: float, rate_hz: int) -> bytes:
        """The sound of this stretch (s16le at the frames' ``rate_hz``), zeros where there is none."""
        sound = bytearray(2 * round((to_ms - from_ms) * rate_hz / 1000))
        for frame in self._frames:
            if frame.audio.end_ms <= from_ms or frame.audio.start_ms >= to_ms:
                continue
            at = 2 * round((frame.audio.start_ms - from_ms) * rate_hz / 1000)
            pcm = frame.audio.pcm[max(0, -at) : len(sound) - at]
            sound[max(0, at) : max(0, at) + len(pcm)] = pcm
        return bytes(sound)

    def forget_before(self, ms: float) -> None:
        """Drop frames that end before ``ms``."""
        while self._frames and self._frames[0].audio.end_ms <= ms:
            self._frames.popleft()


class Speaker:
    """Speaks one script after another into an outbox. ``hold`` and ``go_on`` at any time; cancelling ``say`` cuts."""

    def __init__(self, voice: Voice, playout: ReportedPlayout, outbox: Outbox, rate_hz: int) -> None:
        """``rate_hz`` is what the client wants."""
        self._voice = voice
        self._playout = playout
        self._outbox = outbox
        self._rate_hz = rate_hz
        self._resampler = Resampler(voice.tts.capabilities.rate_hz, rate_hz)
        self._tape = Tape()
        self._cursor_ms = 0.0
        """What is sent next."""
        self._play = 0
        self._play_began_ms: float | None = None
        """Start of the play in progress; None: the next frame begins one."""
        self._going = asyncio.Event()
        self._going.set()
        self.floor = asyncio.Event()
        """Set while the customer is silent; a play waits for it before it begins."""
        self.floor.set()

    async def say(
        self,
        script: Script,
        on_first_audio: Callable[[], Awaitable[None]],
        ahead: Callable[[], AudioAhead | None] = lambda: None,
    ) -> None:
        """Speak ``script`` and return when the customer has heard it all. ``ahead``: audio that may be there already.

        Raises ``TtsFailed`` when the voice breaks or stalls.
        """
        self._begin()
        spoken = speak(script.read(), self._voice.tts, self._voice.prompts, ahead)
        made_all = False
        async with aclosing(spoken) as frames:
            while True:
                await self._going.wait()
                frame = self._tape.at(self._cursor_ms)
                if frame is None and not made_all:
                    made_all = not await self._make(frames, script)
                elif frame is not None:
                    await self._send(script.turn_id or 0, frame)
                    await on_first_audio()
                    on_first_audio = _nothing
                    await self._playout.until(_MAX_LEAD_MS)
                elif self._play_began_ms is None or await self._end(script.turn_id or 0):
                    return

    def hold(self) -> int:
        """Fall silent at once; nothing is lost. Returns the play that the outbox must clear."""
        self._going.clear()
        self._cursor_ms = self._playout.flush()
        self._play_began_ms = None
        return self._play

    def go_on(self, *, from_sentence: bool) -> None:
        """Say what was held, from where it was held or from the start of the sentence."""
        if from_sentence:
            self._cursor_ms = self._playout.sentence_start_ms(self._cursor_ms)
        self._going.set()

    def release(self) -> None:
        """Nothing more will be said: let go of the audio."""
        self._tape = Tape()

    def sounding(self, before_ms: float, after_ms: float) -> Samples | None:
        """What the loudspeaker plays from ``before_ms`` ago on, 16 kHz; zeros: not of this play. None: no play."""
        position = self._playout.sounding
        if position is None:
            return None
        began_ms, at_ms = position
        rate_hz = self._voice.tts.capabilities.rate_hz
        from_ms = max(began_ms, at_ms - before_ms)
        sound = resample(
            float_from_pcm(self._tape.between(from_ms, at_ms + after_ms, rate_hz)), rate_hz, LISTEN_RATE_HZ
        )
        size = round((before_ms + after_ms) * LISTEN_RATE_HZ / 1000)
        return np.pad(sound, (max(0, size - sound.size), 0))[-size:]

    def _begin(self) -> None:
        self._tape = Tape()
        self._cursor_ms, self._play_began_ms = 0.0, None
        self._going.set()
        self._playout.begin()

    async def _make(self, frames: AsyncIterator[SpokenFrame], script: Script) -> bool:
        """Put the next frame on the tape; False when there is none."""
        try:
            frame = await _next(frames)
        except TtsFailed:
            # A client whose audio never ends would wait for the rest and play nothing that comes later.
            if self._play_began_ms is not None:
                await self._end(script.turn_id or 0)
            raise
        if frame is None:
            return False
        self._tape.add(frame)
        return True

    async def _send(self, turn_id: int, frame: SpokenFrame) -> None:
        begins = self._play_began_ms is None
        if begins:
            await self.floor.wait()
            if not self._going.is_set():
                return  # held again before a sound of it
            self._play += 1
            self._play_began_ms = frame.audio.start_ms
            self._resampler = Resampler(self._voice.tts.capabilities.rate_hz, self._rate_hz)
            self._playout.begin_play(self._play, frame.audio.start_ms)
        play, since_ms = self._play, self._play_began_ms or 0.0
        # Before anything is waited for: a hold meanwhile sets the cursor back, and what is put then is dropped.
        self._cursor_ms = frame.audio.end_ms
        self._playout.sent(frame.sentence, frame.display, frame.audio.start_ms, frame.audio.end_ms)
        pcm = self._resampler.push(frame.audio.pcm)
        if begins:
            self._forget(frame.audio.start_ms)
            await self._outbox.put(AudioStart(turn_id, self._rate_hz, play))
        if begins or frame.is_first:
            at_ms = max(0.0, frame.audio.start_ms - since_ms)
            await self._outbox.put(Caption(turn_id, frame.sentence, frame.display, at_ms, play))
        await self._outbox.put(AudioOut(turn_id, frame.sentence, pcm, play))
        if frame.is_first:
            self._forget(self._playout.played_ms)

    def _forget(self, heard_ms: float) -> None:
        """Keep what may be said again, and what may still echo."""
        self._tape.forget_before(min(self._playout.sentence_start_ms(heard_ms), heard_ms - _ECHO_MS))

    async def _end(self, turn_id: int) -> bool:
        """No more audio; returns True when the customer has heard it, False when it was held before that."""
        play = self._play
        duration_ms = self._playout.sent_ms - (self._play_began_ms or 0.0)
        await self._outbox.put(AudioOut(turn_id, 0, self._resampler.flush(), play))
        await self._outbox.put(AudioEnd(turn_id, duration_ms, play))
        if play == self._play and self._play_began_ms is not None:
            self._playout.finish()
            await self._playout.until(0)
        return play == self._play and self._play_began_ms is not None


async def _next(frames: AsyncIterator[SpokenFrame]) -> SpokenFrame | None:
    try:
        async with asyncio.timeout(_STALL_S):
            return await anext(frames, None)
    except TimeoutError as error:
        raise TtsFailed(f"no audio for {_STALL_S:.0f} s") from error


async def _nothing() -> None:
    return
