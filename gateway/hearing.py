"""What the customer says in one voice session: heard, judged, and passed on as messages to be answered.

    take --> microphone --> listen --> floor: judge --> anticipation (at a pause) --> answering (a turn)
                                         |
                                         +--> outbox: what was heard

Words over the bot's own decide whether its answer goes on; an utterance may be forgotten while it is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from structlog.typing import FilteringBoundLogger

from dialogue.no_input import what_is_asked
from gateway import events as ev
from gateway.answering import Answering
from gateway.conversation import Conversation
from gateway.expected_words import ExpectedWords
from gateway.floor import Floor
from gateway.manners import Manners
from gateway.message import Message
from gateway.microphone import Microphone
from gateway.outbox import Outbox
from gateway.services import Services
from gateway.voice import Voice
from nlu.slots import SlotConfig
from nlu.types import Expectation, Language
from speech.listen import listen
from speech.overlap import Judgement, Verdict
from speech.types import EndpointHint, RecognitionFailed, SpeechEnded, SpeechEvent, SpeechStarted, Transcript, Wordless

_MUTE_MARGIN_MS = 100.0
"""Beyond the longest wait: a closed microphone ends an utterance for certain."""
_UNCLEAR_SPEECH_MS = 900.0
_LEARN_S = 0.5
_SLOTS = SlotConfig()


def endpoint_hint(expectation: Expectation, *, overlap: bool = False) -> EndpointHint:
    """What the dialogue waits for, in endpointing's terms; ``overlap``: the customer speaks over the bot."""
    match expectation.kind:
        case "digits":
            checked = expectation.slot == "order_number" and _SLOTS.order_number_luhn
            begun = expectation.heard if expectation.missing != expectation.digits else ""
            return EndpointHint("digits", expectation.missing, overlap, begun if checked else None)
        case "yes_no" | "address":
            return EndpointHint(expectation.kind, overlap=overlap)
        case _:
            return EndpointHint(overlap=overlap)


class Hearing:
    """Of one session. ``run`` and ``learn_words`` go on until they are cancelled."""

    def __init__(
        self,
        services: Services,
        voice: Voice,
        conversation: Conversation,
        start: ev.Start,
        manners: Manners,
        answering: Answering,
        outbox: Outbox,
        broke_silence: Callable[[], None],
        logger: FilteringBoundLogger,
    ) -> None:
        """``broke_silence`` is told whenever the customer begins to speak; ``logger`` names the session."""
        self._manners = manners
        self._services = services
        self._voice = voice
        self._conversation = conversation
        self._start = start
        self._answering = answering
        self._outbox = outbox
        self._broke_silence = broke_silence
        self._clock = services.clock
        self._microphone = Microphone(start.rate_hz, lambda ms: services.metrics.dropped_audio.inc(ms / 1000))
        self._floor = Floor(
            voice.floor,
            answering,
            lambda: conversation.state.expectation,
            lambda: self._microphone.now_ms,
            self._microphone.recent,
            services.metrics,
        )
        self._words = ExpectedWords(voice.hotwords, services.shop, own=services.settings.asr.hotwords == "customer")
        self._ended: tuple[SpeechEnded, float] | None = None
        self.is_listening = False
        """Whether the customer is in mid-utterance, or its words are awaited."""
        self._utterance_id: int | None = None
        """The last utterance that began."""
        self._forgotten: int | None = None
        """One that does not count."""
        self._unclear_told = False
        self._log = logger

    async def take(self, pcm: bytes) -> None:
        """What the microphone brings: s16le, mono, at ``start.rate_hz``."""
        self._microphone.push(pcm)
        await self._floor.heard_audio()

    @property
    def is_asked(self) -> bool:
        """Whether a question of ours waits for its answer."""
        return what_is_asked(self._conversation.state) != "none"

    async def run(self) -> None:
        """Listen for as long as the session lives."""
        events = listen(
            self._microphone.frames(),
            self._voice.asr,
            self._voice.vad.stream(),
            config=self._voice.listen,
            hint=lambda: endpoint_hint(self._conversation.state.expectation, overlap=self._floor.overlapping),
            language=self._spoken_language,
            end_of_turn=self._voice.end_of_turn,
            hotwords=lambda seconds: self._words.now(self._conversation.state.expectation, seconds),
            came_at_hz=self._start.rate_hz,
        )
        async with aclosing(events) as heard:
            async for event in heard:
                await self._on_speech(event)

    async def learn_words(self) -> None:
        """Expect what the customer may speak of, as soon as it is known who they are."""
        while True:
            await self._words.learn(self._conversation.state.customer_id)
            await asyncio.sleep(_LEARN_S)

    def _spoken_language(self) -> Language | None:
        match self._start.language:
            case "zh":
                return "zh"
            case "en":
                return "en"
            case _:
                return None

    def forget(self) -> None:
        """End the utterance in progress; it was none."""
        if self.is_listening:
            self._forgotten = self._utterance_id
            self.end_utterance()

    def end_utterance(self) -> None:
        """Silence for longer than any wait: what is being said ends here."""
        self._microphone.silence(self._voice.listen.endpoint.longest_wait_ms + _MUTE_MARGIN_MS)

    async def _on_forgotten(self, event: SpeechEvent) -> None:
        """What follows of an utterance that does not count: the floor is free again at its end."""
        match event:
            case SpeechEnded():
                self._floor.speech_ended()
            case Transcript(is_final=True):
                self.is_listening = False
                await self._answering.anticipation.nothing()
                self._floor.settle(event, Judgement(Verdict.SILENCE, ""))
                self._floor.free(event.utterance_id)
            case RecognitionFailed():
                self.is_listening = False
                self._floor.free(event.utterance_id)
            case _:
                pass

    async def _on_speech(self, event: SpeechEvent) -> None:
        if event.utterance_id == self._forgotten:
            await self._on_forgotten(event)
            return
        match event:
            case SpeechStarted():
                self._broke_silence()
                self.is_listening, self._utterance_id = True, event.utterance_id
                await self._floor.speech_started(event)
                await self._outbox.put(ev.Heard(event))
            case SpeechEnded():
                self._floor.speech_ended()
                self._ended = (event, self._clock())
                await self._outbox.put(ev.Heard(event))
            case Transcript(is_final=True):
                self.is_listening = False
                await self._on_final(event)
            case Transcript():
                await self._outbox.put(ev.Heard(event))
                await self._on_words(event)
            case RecognitionFailed():
                self.is_listening = False
                await self._on_recognition_failed(event)
            case Wordless():
                self._floor.wordless(event)

    async def _on_words(self, transcript: Transcript) -> None:
        """Words before the endpoint: they may silence the bot, and at a pause the answer is worked out ahead."""
        judgement = self._floor.judge(transcript)
        if transcript.at_pause and judgement.verdict is Verdict.TURN:
            if self._manners.answers:
                await self._answering.expect(self._message(transcript, judgement.words, self._clock()))
            judgement = await self._judge_by_meaning(transcript, judgement)
        if not transcript.at_pause or judgement.verdict is not Verdict.TURN:
            await self._answering.anticipation.nothing()
        await self._floor.words(transcript, judgement)

    async def _judge_by_meaning(self, transcript: Transcript, judgement: Judgement) -> Judgement:
        """A second look at words over the bot that answer no question of ours."""
        if self.is_asked or not self._floor.is_in_doubt(transcript, judgement):
            return judgement
        parse = await self._answering.anticipation.understood(self._message(transcript, judgement.words, self._clock()))
        return self._floor.judge(transcript, parse)

    async def _on_final(self, transcript: Transcript) -> None:
        judgement = await self._judge_by_meaning(transcript, self._floor.judge(transcript))
        self._floor.settle(transcript, judgement)
        await self._outbox.put(ev.Heard(replace(transcript, text=judgement.words), judgement.verdict.value))
        match judgement.verdict:
            case Verdict.TURN | Verdict.STOP if not self._manners.answers:
                # The client asks for the answer when it wants one; what was being said has been spoken over.
                if self._manners.interruptible:
                    await self._answering.cut()
            case Verdict.TURN:
                self._unclear_told = False
                self._conversation.keep_transcript(transcript)
                ended, known_s = self._ended or (None, self._clock())
                message = self._message(transcript, judgement.words, known_s)
                endpoint_ms = ended.decided_ms - ended.end_ms if ended else 0.0
                waited_ms = (self._clock() - known_s) * 1000
                await self._answering.ask(replace(message, endpoint_ms=endpoint_ms, asr_ms=waited_ms))
            case Verdict.STOP:
                responder = self._conversation.core.responder
                await self._answering.say(responder.listening)
            case Verdict.SILENCE if self._manners.answers and not self._answering.is_busy:
                await self._on_unclear(transcript)
        self._floor.free(transcript.utterance_id)

    async def _on_unclear(self, transcript: Transcript) -> None:
        """Speech without words, and no answer that goes on after it."""
        is_long = transcript.end_ms - transcript.start_ms >= _UNCLEAR_SPEECH_MS
        if is_long and self.is_asked and not self._unclear_told:
            # Said once, and only where an answer is due: a dialogue with a coffee machine helps nobody.
            self._unclear_told = True
            await self._answering.apologise("not_understood")

    def _message(self, transcript: Transcript, words: str, received_s: float) -> Message:
        return Message(
            words,
            received_s,
            spoken=True,
            language=None if self._start.language == "auto" else transcript.language,
            alternatives=transcript.alternatives if words == transcript.text else (),
            decode_ms=transcript.decode_ms,
        )

    async def _on_recognition_failed(self, event: RecognitionFailed) -> None:
        """One utterance is lost, and the customer is told; listening goes on."""
        self._floor.free(event.utterance_id)
        self._services.metrics.errors.labels(event.code).inc()
        self._log.error("recognition failed", code=event.code)
        language = self._conversation.state.language
        nothing = Transcript(event.utterance_id, "", True, language, 0.0, event.start_ms, event.end_ms)
        await self._outbox.put(ev.Heard(nothing, Verdict.SILENCE.value))
        await self._answering.apologise(event.code)
