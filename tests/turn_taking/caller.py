"""The customer's end of a session: microphone and loudspeaker, and a script of what happens there.

::

    microphone  opening ....... item 1 ....... item 2 ..........   20 ms frames on absolute deadlines
    bot                  ======answer=======      ===second===     through the loudspeaker, which reports Played

Time is the event loop's: virtual for scripted frames, real for audio. Milliseconds count from the first microphone
sample. What the microphone picks up comes from ``Sounds``, so that this file knows neither scripts nor recordings.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from gateway import events as ev
from gateway.session import VoiceSession
from speech.audio import pcm_from_float
from speech.types import LISTEN_RATE_HZ, Language, RecognitionFailed, Samples, SpeechStarted, Transcript
from tests.turn_taking.facts import Span, Take, TurnTaken
from tests.turn_taking.loudspeaker import Loudspeaker
from tests.turn_taking.scenes import Item, Scene

FRAME_MS = 20
OUTPUT_RATE_HZ = 24_000
REPORT_MS = 250
ECHO_DELAY_MS = 150
BEGIN_WITHIN_MS = 20_000
"""A bot that has not begun its answer by then never will."""
ENDS_AFTER_MS = 2500.0
"""A scene is watched at least this long after its last item."""
LONGEST_MS = 25_000
"""Of a scene after its last item."""
OPENING: dict[Language, str] = {"zh": "我的订单什么时候到", "en": "when will my order arrive"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """An item as sound at 16 kHz."""

    samples: Samples
    speech: tuple[tuple[float, float], ...]
    """True stretches of sound in ``samples``, milliseconds: between pauses."""


class Sounds(Protocol):
    """What a microphone picks up, scripted or recorded."""

    def render(self, item: Item, language: Language) -> Rendered:
        """The sound of one item."""
        ...

    def echo(self, pcm: bytes, gain_db: float) -> Samples:
        """What comes back of 20 ms of loudspeaker sound (s16le at the output rate), as 16 kHz samples."""
        ...

    def ambience(self, scene: Scene, from_ms: float, samples: int) -> Samples | None:
        """The noise behind everything; None where there is none."""
        ...

    def mix(self, layers: Sequence[Samples]) -> Samples:
        """Several sounds at once; layers have the same length and there is at least one."""
        ...


@dataclass(slots=True)
class _Layer:
    """Sound that the microphone picks up from ``at_ms`` on."""

    at_ms: float
    samples: Samples


@dataclass(slots=True)
class Caller:
    """The customer's end of one session. ``act`` plays the scene, ``watch`` takes what comes; then ask ``take``."""

    rate_hz: ClassVar[int] = LISTEN_RATE_HZ
    """Of the sound that the session is sent."""
    scene: Scene
    session: VoiceSession
    sounds: Sounds
    speaker: Loudspeaker = field(default_factory=lambda: Loudspeaker(OUTPUT_RATE_HZ))
    received: list[tuple[float, ev.Outbound]] = field(default_factory=list)
    fault: str | None = None
    _inbound: asyncio.Queue[ev.Inbound | None] = field(default_factory=asyncio.Queue)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _began_s: float = 0.0
    _sent_ms: float = 0.0
    """Microphone time that has been sent."""
    _layers: list[_Layer] = field(default_factory=list)
    _spans: list[Span] = field(default_factory=list)
    _opening_turn: int | None = None
    _reported_ms: float = 0.0

    @property
    def now_ms(self) -> float:
        """Since the first microphone sample."""
        return (asyncio.get_running_loop().time() - self._began_s) * 1000

    def send(self, event: ev.Inbound) -> None:
        """To the session."""
        self._inbound.put_nowait(event)

    async def inbound(self) -> AsyncGenerator[ev.Inbound]:
        """What the session reads."""
        while (event := await self._inbound.get()) is not None:
            yield event

    async def watch(self) -> None:
        """Take everything until the session closes."""
        self._began_s = self._began_s or asyncio.get_running_loop().time()
        async for event in self.session.outbox:
            now_ms = self.now_ms
            self.received.append((now_ms, event))
            self.speaker.take(event, now_ms)
            if isinstance(event, ev.Ready):
                self._ready.set()
            if isinstance(event, ev.AudioStart) and self._opening_turn is None:
                self._opening_turn = event.turn_id

    async def act(self) -> None:
        """The customer's part, from the first frame to the last."""
        await self._ready.wait()
        self._began_s = asyncio.get_running_loop().time()
        self.received = [(0.0, event) for _, event in self.received]
        if not await self._open():
            return
        waiting = list(self.scene.customer)
        ends_ms: float | None = None
        while not self._is_over(ends_ms):
            if waiting and (at_ms := self._when(waiting[0])) is not None:
                self._say(waiting.pop(0), max(at_ms, self._sent_ms))
            if not waiting and ends_ms is None:
                ends_ms = self._last_word_ms() + ENDS_AFTER_MS
            await self._frame()

    async def _open(self) -> bool:
        """Get the bot to give the scene's answer; waits for its first sound."""
        for _ in range(10):
            await self._frame()
        opening = OPENING[self.scene.language]
        if self.scene.opening == "typed":
            self.send(ev.TextIn(opening))
        else:
            rendered = self.sounds.render(Item("start", 0, says=(opening,)), self.scene.language)
            self._layers.append(_Layer(self._sent_ms, rendered.samples))
        while self._first_sound_ms() is None:
            if self._sent_ms > BEGIN_WITHIN_MS:
                self.fault = "the bot did not begin to speak"
                return False
            await self._frame()
        return True

    def _say(self, item: Item, at_ms: float) -> None:
        rendered = self.sounds.render(item, self.scene.language)
        self._layers.append(_Layer(at_ms, rendered.samples))
        speech = tuple((at_ms + start, at_ms + end) for start, end in rendered.speech)
        self._spans.append(Span(speech, item.text, is_customers=item.is_customers))

    def _when(self, item: Item) -> float | None:
        """When ``item`` is due, if it is to be scheduled now."""
        match item.anchor:
            case "start":
                return (self._first_sound_ms() or 0.0) + item.offset_ms
            case "after":
                return self._spans[-1].end_ms + item.offset_ms
            case "end":
                if not self._bot_is_done():
                    return None
                return self._last_sound_ms() + item.offset_ms

    def _first_sound_ms(self) -> float | None:
        run = next((run for run in self.speaker.runs if run.turn_id == self._opening_turn), None)
        return self.speaker.ms(run.start) if run else None

    def _last_sound_ms(self) -> float:
        return self.speaker.ms(self.speaker.runs[-1].end) if self.speaker.runs else 0.0

    def _bot_is_done(self) -> bool:
        return self.speaker.is_finished or self._sent_ms - self._last_sound_ms() > 5000

    def _last_word_ms(self) -> float:
        return max([span.end_ms for span in self._spans], default=self._last_sound_ms())

    def _is_over(self, ends_ms: float | None) -> bool:
        """Nothing more of interest will happen: see ``ENDS_AFTER_MS``."""
        if ends_ms is None or self._sent_ms < ends_ms:
            return self._sent_ms > BEGIN_WITHIN_MS + 2 * LONGEST_MS
        if (limit_ms := self.scene.label.prompted_within_ms) is not None:
            spoke_up = any(run.turn_id != self._opening_turn for run in self.speaker.runs)
            return spoke_up or self._sent_ms > self._last_sound_ms() + limit_ms + 1000
        if self._is_listening() and self._sent_ms < ends_ms + LONGEST_MS:
            return False
        quiet_ms = self._sent_ms - self._last_sound_ms()
        answered = self.speaker.turn_id not in {self._opening_turn, None} and self.speaker.played_ms > 200
        unanswered = bool(self.scene.label.turns) and not answered and self._sent_ms < ends_ms + 3000
        if self.scene.label.bot == "keep":
            answered = False
        return answered or (quiet_ms > 1500 and not unanswered) or self._sent_ms > ends_ms + LONGEST_MS

    def _is_listening(self) -> bool:
        """Whether what was said last is not known yet."""
        open_ids: set[int] = set()
        for _, event in self.received:
            match event:
                case ev.Heard(SpeechStarted(utterance_id)):
                    open_ids.add(utterance_id)
                case ev.Heard(Transcript(utterance_id, is_final=True) | RecognitionFailed(utterance_id)):
                    open_ids.discard(utterance_id)
        return bool(open_ids)

    # --- one frame ---------------------------------------------------------------------------------------------------

    async def _frame(self) -> None:
        """Wait for the next 20 ms to have passed, then send them."""
        due_s = self._began_s + (self._sent_ms + FRAME_MS) / 1000
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
        self.speaker.advance(self.now_ms)
        self.send(ev.AudioIn(pcm_from_float(self._picked_up())))
        self._sent_ms += FRAME_MS
        self._report()

    def _picked_up(self) -> Samples:
        """What the microphone heard in the frame from ``_sent_ms`` on."""
        size = FRAME_MS * LISTEN_RATE_HZ // 1000
        first = round(self._sent_ms * LISTEN_RATE_HZ / 1000)
        layers = [np.zeros(size, np.float32)]
        for layer in self._layers:
            at = first - round(layer.at_ms * LISTEN_RATE_HZ / 1000)
            if -size < at < layer.samples.size:
                part = layer.samples[max(0, at) : at + size]
                layers.append(np.pad(part, (max(0, -at), size - part.size - max(0, -at))))
        if self.scene.echo_db is not None:
            heard = self.speaker.sound(self._sent_ms - ECHO_DELAY_MS, self._sent_ms - ECHO_DELAY_MS + FRAME_MS)
            layers.append(self.sounds.echo(heard, self.scene.echo_db))
        if (ambience := self.sounds.ambience(self.scene, self._sent_ms, size)) is not None:
            layers.append(ambience)
        return self.sounds.mix(layers)

    def _report(self) -> None:
        """As the page: every 250 ms while playing, and once at the end of a turn."""
        if self.speaker.turn_id is None or self.speaker.played_ms == self._reported_ms:
            return
        if self._sent_ms % REPORT_MS < FRAME_MS or not self.speaker.is_playing:
            self._reported_ms = self.speaker.played_ms
            self.send(ev.Played(self.speaker.turn_id, self._reported_ms, self.speaker.play))

    # --- what happened -----------------------------------------------------------------------------------------------

    def take(self) -> Take:
        """The facts of the scene, for ``score``."""
        heard = [(ms, event.event) for ms, event in self.received if isinstance(event, ev.Heard)]
        turns = [
            TurnTaken(event.turn_id, event.parse.text, ms)
            for ms, event in self.received
            if isinstance(event, ev.UnderstoodOut) and event.turn_id != self._opening_turn
        ]
        return Take(
            runs=tuple(self.speaker.runs),
            rate_hz=OUTPUT_RATE_HZ,
            opening_turn=self._opening_turn,
            spans=tuple(self._spans),
            turns=tuple(turns),
            heard=tuple(heard),
            ended_ms=self._sent_ms,
            fault=self.fault,
        )
