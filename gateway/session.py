"""One voice session: a customer's microphone and speaker on one conversation.

      inbound --> microphone --> listen --> turns --> conversation --> script --> speak --> outbox --> channel
                                   |                      ^ ahead                   |
                                   +---- floor: hold, go on -------------------------+

One ``TaskGroup`` holds everything; cancelling ``run`` ends it all but WRITEs on the shop, which belong to the gateway.

A customer who speaks while the bot speaks silences it; the words that follow decide whether the same answer goes on
(none, a backchannel, an echo, side talk) or a new turn begins (``gateway.floor``). At a pause the answer is worked out
ahead, and the endpoint only releases it (``gateway.ahead``). The history keeps what playout says was heard.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace

from dialogue.no_input import what_is_asked
from gateway import events as ev
from gateway import log
from gateway.answering import Answering, SessionEnded
from gateway.conversation import Conversation
from gateway.expected_words import ExpectedWords
from gateway.floor import Floor
from gateway.keypad import Keypad, keys_expected
from gateway.message import Message
from gateway.microphone import Microphone
from gateway.outbox import Outbox, SlowReader
from gateway.services import Services
from gateway.silence import Silence
from gateway.voice import Voice
from nlu.slots import SlotConfig
from nlu.types import Expectation, Language
from speech.listen import listen
from speech.overlap import Judgement, Verdict
from speech.types import EndpointHint, RecognitionFailed, SpeechEnded, SpeechEvent, SpeechStarted, Transcript, Wordless

_MUTE_MARGIN_MS = 100.0
"""Beyond the longest wait: a closed microphone ends an utterance for certain."""
_UNCLEAR_SPEECH_MS = 900.0
_WATCH_S = 0.5
_SLOTS = SlotConfig()
_BROKEN: dict[Language, str] = {
    "zh": "抱歉，我们这边出了点问题，请重新连接。您说过的内容已经保存。",
    "en": "Sorry, something broke on our side; please reconnect. What you told us is kept.",
}


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


class VoiceSession:
    """Run once. ``outbox`` is read by the channel while ``run`` runs."""

    def __init__(self, services: Services, voice: Voice, conversation: Conversation, start: ev.Start) -> None:
        """``start`` is the client's first message."""
        self.id = secrets.token_urlsafe(8)
        self.outbox = Outbox()
        self._services = services
        self._voice = voice
        self._conversation = conversation
        self._start = start
        self._clock = services.clock
        self._answering = Answering(services, voice, conversation, self.outbox, start)
        self._microphone = Microphone(start.rate_hz, lambda ms: services.metrics.dropped_audio.inc(ms / 1000))
        self._floor = Floor(
            voice.floor,
            self._answering,
            lambda: conversation.state.expectation,
            lambda: self._microphone.now_ms,
            self._microphone.recent,
            services.metrics,
        )
        self._words = ExpectedWords(voice.hotwords, services.shop, own=services.settings.asr.hotwords == "customer")
        self._silence = Silence(services.settings.floor.no_input_s if start.speak else 0.0)
        self._keypad = Keypad()
        self._group: asyncio.TaskGroup
        self._ended: tuple[SpeechEnded, float] | None = None
        self._listening = False
        """Whether the customer is in mid-utterance, or its words are awaited."""
        self._unclear_told = False
        self._active_s = services.clock()
        self._log = log.logger(session_id=self.id, conversation_id=conversation.id, channel=start.channel)

    async def run(self, inbound: AsyncGenerator[ev.Inbound]) -> str:
        """Serve the customer until they leave; returns the reason. ``outbox`` is closed at the end."""
        reason = "bye"
        try:
            await self._greet_and_serve(inbound)
        except* SessionEnded as group:
            reason = str(group.exceptions[0])
        except* SlowReader:
            reason = SlowReader.code
        except* Exception as group:  # noqa: BLE001 - the last line of defence: say so, never fall silent
            reason = "internal"
            self._services.metrics.errors.labels(reason).inc()
            self._log.error("session failed", code=reason, error=type(group.exceptions[0]).__name__, exc_info=True)
            with suppress(SlowReader):
                message = _BROKEN[self._conversation.state.language]
                await self.outbox.put(ev.ErrorOut(reason, message, fatal=True))
        finally:
            # The customer may leave in mid-answer: what was heard until then is remembered.
            await self._answering.close()
            self._log.info("session over", reason=reason)
            with suppress(SlowReader):
                await self.outbox.put(ev.ByeOut(reason))
            await self.outbox.close()
        return reason

    async def _greet_and_serve(self, inbound: AsyncGenerator[ev.Inbound]) -> None:
        customer = await self._customer_name()
        await self.outbox.put(
            ev.Ready(self.id, self._conversation.id, self._start.rate_hz, self._start.output_rate_hz, customer)
        )
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._answering.join(group)
            group.create_task(self._receive(inbound), name="receive")
            group.create_task(self._hear(), name="hear")
            group.create_task(self._watch(), name="watch")
            group.create_task(self._learn_words(), name="words")
            greeting = await self._conversation.greet() if self._start.greet else None
            group.create_task(self._answering.run(greeting), name="answer")

    async def _customer_name(self) -> str | None:
        customer_id = self._conversation.state.customer_id
        if customer_id is None:
            return None
        try:
            customer = await self._services.shop.customer(customer_id)
        except Exception as error:  # noqa: BLE001 - a shop that is away must not keep the line closed
            self._log.warning("customer not read", code=getattr(error, "code", "internal"))
            return None
        return customer.name if customer else None

    # --- what comes in -----------------------------------------------------------------------------------------------

    async def _receive(self, inbound: AsyncGenerator[ev.Inbound]) -> None:
        async with aclosing(inbound) as items:
            async for event in items:
                await self._take(event)
        raise SessionEnded("disconnected")

    async def _take(self, event: ev.Inbound) -> None:
        match event:
            case ev.AudioIn(pcm):
                self._microphone.push(pcm)
                await self._floor.heard_audio()
            case ev.TextIn(text):
                await self._typed(text)
            case ev.Dtmf(digit):
                await self._pressed(digit)
            case ev.Played(turn_id, ms, play):
                self._answering.report_played(turn_id, ms, play)
            case ev.Truncated(turn_id, ms, play):
                self._answering.report_truncated(turn_id, ms, play)
            case ev.Greet():
                await self._answering.say(self._conversation.core.responder.greeting)
            case ev.Interrupt():
                await self._answering.cut()
            case ev.Mute(muted):
                if muted:
                    self._microphone.silence(self._voice.listen.endpoint.longest_wait_ms + _MUTE_MARGIN_MS)
            case ev.Ping(t):
                await self.outbox.put(ev.Pong(t))
            case ev.Bye():
                raise SessionEnded("bye")
            case ev.Start():
                await self.outbox.put(ev.ErrorOut("already_started", "'start' may come only once; ignored"))

    async def _typed(self, text: str | None) -> None:
        if text:
            self._broke_silence()
            await self._answering.ask(Message(text, self._clock()))

    async def _pressed(self, digit: str) -> None:
        """A key stops a prompt that may be stopped, as callers expect."""
        self._broke_silence()
        current = self._answering.speaking_turn
        if current is not None and current[1]:
            await self._answering.cut()
        expected = keys_expected(self._conversation.state.expectation)
        await self._typed(self._keypad.press(digit, self._clock() * 1000, expected))

    def _broke_silence(self) -> None:
        self._active_s = self._clock()
        self._silence.broken()

    async def _watch(self) -> None:
        """Speaks to a customer who says nothing, and ends a session in which nothing has happened for long."""
        while True:
            await asyncio.sleep(_WATCH_S)
            await self._typed(self._keypad.due(self._clock() * 1000))
            if self._answering.speaking:
                self._active_s = self._clock()
            if self._clock() - self._active_s > self._services.settings.gateway.idle_timeout_s:
                raise SessionEnded("idle")
            await self._mind_the_silence()

    @property
    def _is_asked(self) -> bool:
        """Whether a question of ours waits for its answer."""
        return what_is_asked(self._conversation.state) != "none"

    async def _mind_the_silence(self) -> None:
        busy = self._listening or self._answering.is_busy
        attempt = self._silence.tick(self._clock(), busy=busy, asked=self._is_asked)
        if attempt is not None:
            responder = self._conversation.core.responder
            await self._answering.say(
                lambda state, turn_id: responder.no_input(state, turn_id, attempt, has_keypad=True)
            )

    # --- listening ---------------------------------------------------------------------------------------------------

    async def _hear(self) -> None:
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
        )
        async with aclosing(events) as heard:
            async for event in heard:
                await self._on_speech(event)

    async def _learn_words(self) -> None:
        """Expect what the customer may speak of, as soon as it is known who they are."""
        while True:
            await self._words.learn(self._conversation.state.customer_id)
            await asyncio.sleep(_WATCH_S)

    def _spoken_language(self) -> Language | None:
        match self._start.language:
            case "zh":
                return "zh"
            case "en":
                return "en"
            case _:
                return None

    async def _on_speech(self, event: SpeechEvent) -> None:
        match event:
            case SpeechStarted():
                self._broke_silence()
                self._listening = True
                await self._floor.speech_started(event)
                await self.outbox.put(ev.Heard(event))
            case SpeechEnded():
                self._floor.speech_ended()
                self._ended = (event, self._clock())
                await self.outbox.put(ev.Heard(event))
            case Transcript(is_final=True):
                self._listening = False
                await self._on_final(event)
            case Transcript():
                await self.outbox.put(ev.Heard(event))
                await self._on_words(event)
            case RecognitionFailed():
                self._listening = False
                await self._on_recognition_failed(event)
            case Wordless():
                self._floor.wordless(event)

    async def _on_words(self, transcript: Transcript) -> None:
        """Words before the endpoint: they may silence the bot, and at a pause the answer is worked out ahead."""
        judgement = self._floor.judge(transcript)
        if transcript.at_pause and judgement.verdict is Verdict.TURN:
            await self._answering.expect(self._message(transcript, judgement.words, self._clock()))
            judgement = await self._judge_by_meaning(transcript, judgement)
        if not transcript.at_pause or judgement.verdict is not Verdict.TURN:
            await self._answering.anticipation.nothing()
        await self._floor.words(transcript, judgement)

    async def _judge_by_meaning(self, transcript: Transcript, judgement: Judgement) -> Judgement:
        """A second look at words over the bot that answer no question of ours."""
        if self._is_asked or not self._floor.is_in_doubt(transcript, judgement):
            return judgement
        parse = await self._answering.anticipation.understood(self._message(transcript, judgement.words, self._clock()))
        return self._floor.judge(transcript, parse)

    async def _on_final(self, transcript: Transcript) -> None:
        judgement = await self._judge_by_meaning(transcript, self._floor.judge(transcript))
        self._floor.settle(transcript, judgement)
        await self.outbox.put(ev.Heard(replace(transcript, text=judgement.words), judgement.verdict.value))
        match judgement.verdict:
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
            case Verdict.SILENCE if not self._answering.is_busy:
                await self._on_unclear(transcript)
        self._floor.free(transcript.utterance_id)

    async def _on_unclear(self, transcript: Transcript) -> None:
        """Speech without words, and no answer that goes on after it."""
        is_long = transcript.end_ms - transcript.start_ms >= _UNCLEAR_SPEECH_MS
        if is_long and self._is_asked and not self._unclear_told:
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
        await self.outbox.put(ev.Heard(nothing, Verdict.SILENCE.value))
        await self._answering.apologise(event.code)
