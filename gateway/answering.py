"""Answering: the customer's messages, one after another, become words and speech; speech can be cut, resumed, dropped.

    messages --> conversation.take_turn --> script --> speaker --> outbox
                                              |           ^
                                              +--  cut ---+--- resume (from the sentence that was cut)

A cut ends the *speech*: the words go on being produced until it is known what the customer said. The next message
drops the answer altogether; a WRITE that it began goes on (see ``gateway.conversation``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from dialogue.types import Reply, ReplyAction
from gateway import events as ev
from gateway import log
from gateway.answer import Script, Speaker
from gateway.conversation import Conversation, Hops
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.services import Services
from gateway.voice import Voice
from nlu.types import Language
from speech.errors import SpeechError

_MESSAGES_WAITING = 8
_CANNOT_SPEAK: dict[Language, str] = {
    "zh": "语音播报暂时不可用，请看文字回复。",
    "en": "I cannot speak right now; please read the answer.",
}


class SessionEnded(Exception):
    """Leaves the session's task group."""

    def __init__(self, reason: str) -> None:
        """``reason`` goes to the client."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """What the customer said or typed, with the times that led to it."""

    text: str
    received_s: float
    """When the endpoint was known (spoken) or the text came in, on the gateway's clock."""
    spoken: bool = False
    language: Language | None = None
    alternatives: tuple[str, ...] = ()
    """The recogniser's other readings, best first."""
    endpoint_ms: float = 0.0
    asr_ms: float = 0.0


@dataclass(slots=True)
class _Answer:
    """The answer that is being given."""

    message: Message | None
    """What it answers; None for words of our own (greeting, apology)."""
    hops: Hops = field(default_factory=Hops)
    script: Script = field(default_factory=Script)
    speaking: asyncio.Task[None] | None = None
    producing: asyncio.Task[None] | None = None
    understood: bool = False
    """Whether ``message`` has become a turn of the conversation."""
    cut: bool = False
    resumable: bool = True


class Answering:
    """Runs in the session's task group. ``floor`` methods are called by the session, which hears the customer."""

    def __init__(
        self, services: Services, voice: Voice, conversation: Conversation, outbox: Outbox, start: ev.Start
    ) -> None:
        """``start`` says whether to speak, and at which rate."""
        self._services = services
        self._conversation = conversation
        self._outbox = outbox
        self._speaks = start.speak
        self._clock = services.clock
        self._playout = ReportedPlayout(services.clock)
        self._speaker = Speaker(voice, self._playout, outbox, start.output_rate_hz)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(_MESSAGES_WAITING)
        self._answer: _Answer | None = None
        self._changing = asyncio.Lock()
        """Held from the end of one answer to the beginning of the next, so that two never speak at once."""
        self._group: asyncio.TaskGroup
        self._log = log.logger(conversation_id=conversation.id, channel="web")

    # --- what the session tells and asks -----------------------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether the customer hears the bot now."""
        return self._playout.speaking

    @property
    def speaking_turn(self) -> tuple[int, bool] | None:
        """``(turn_id, interruptible)`` of what the customer hears now; None when nothing can be cut."""
        answer = self._answer
        if answer is None or answer.cut or answer.script.turn_id is None or not self._playout.speaking:
            return None
        return answer.script.turn_id, answer.script.interruptible

    @property
    def was_cut(self) -> bool:
        """Whether the customer spoke over the answer and it is not yet known what they said."""
        return self._answer is not None and self._answer.cut

    async def ask(self, message: Message) -> None:
        """Queue a message of the customer; blocks while many wait."""
        await self._messages.put(message)

    def report_played(self, turn_id: int, ms: float) -> None:
        """The client says how much it has played."""
        if self._answer is not None and self._answer.script.turn_id == turn_id:
            self._playout.report(ms)

    def hold_floor(self, customer_speaks: bool) -> None:
        """Audio that has not begun waits while the customer speaks."""
        if customer_speaks:
            self._speaker.floor.clear()
        else:
            self._speaker.floor.set()

    async def run(self, group: asyncio.TaskGroup, greeting: Reply | None) -> None:
        """Answer messages in order, for ever; a new message ends the answer to the last."""
        self._group = group
        if greeting is not None:
            self._give(_Answer(None), _one(greeting))
        while True:
            message = await self._messages.get()
            async with self._changing:
                unanswered = await self.drop()
                answer = _Answer(_joined(unanswered, message))
                self._give(answer, self._replies(answer))

    async def apologise(self, code: str) -> None:
        """Say that something went wrong, in place of the current answer."""
        if self._changing.locked():
            return  # an answer is about to begin, which must not be dropped for an apology
        conversation = self._conversation
        async with self._changing:
            await self.drop()
            reply = conversation.core.responder.apology(code, conversation.state, conversation.next_turn_id())
            self._give(_Answer(None), _one(reply))

    async def cut(self, *, for_good: bool = False) -> None:
        """Stop the speech of the answer at once; its words go on being produced. ``for_good``: it will not resume."""
        answer = self._answer
        if answer is None:
            return
        answer.resumable = answer.resumable and not for_good
        if answer.speaking is None or answer.cut:
            return
        if not self._playout.open:
            if for_good:
                answer.speaking.cancel()  # not a sound of it yet, and none shall come
            return
        answer.cut = True
        answer.speaking.cancel()
        text, complete = self._playout.heard()
        turn_id = answer.script.turn_id
        self._playout.flush()
        if turn_id is not None:
            await self._outbox.clear(turn_id)
        await self._confirm(text, answer, complete=complete)

    def resume(self) -> None:
        """The interruption was none: say the rest, from the sentence that was cut."""
        answer = self._answer
        if answer is None or not answer.cut or not answer.resumable:
            return
        answer.cut = False
        answer.speaking = self._group.create_task(self._speak(answer, self._speaker.next_sentence), name="resume")

    async def drop(self) -> Message | None:
        """End the answer that is being given, speech and production. A WRITE it began goes on.

        Returns the message it was for when that had not been understood yet: nothing that was said may be lost.
        """
        await self.cut(for_good=True)
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        for task in (answer.speaking, answer.producing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        return None if answer.understood else answer.message

    # --- one answer --------------------------------------------------------------------------------------------------

    async def _replies(self, answer: _Answer) -> AsyncGenerator[Reply]:
        message = answer.message
        if message is None:
            return
        turn = self._conversation.take_turn(
            message.text,
            modality="voice" if self._speaks else "text",
            channel="web",
            language=message.language,
            alternatives=message.alternatives,
            hops=answer.hops,
        )
        async with aclosing(turn) as items:
            async for item in items:
                if isinstance(item, ev.UnderstoodOut):
                    answer.understood = True
                    await self._outbox.put(item)
                else:
                    yield item.reply

    def _give(self, answer: _Answer, replies: AsyncGenerator[Reply]) -> None:
        """Begin an answer: produce its words, speak them as they come."""
        self._answer = answer
        answer.producing = self._group.create_task(self._produce(answer, replies), name="produce")
        if self._speaks:
            answer.speaking = self._group.create_task(self._speak(answer, 0), name="speak")

    async def _produce(self, answer: _Answer, replies: AsyncGenerator[Reply]) -> None:
        async with aclosing(replies) as items:
            async for reply in items:
                is_first = answer.script.turn_id is None
                await self._outbox.put(ev.ReplyOut(reply))
                answer.script.add(reply)
                if is_first and not self._speaks:
                    await self._report_latency(answer)
        answer.script.end()
        if not self._speaks:
            _after(answer)

    async def _speak(self, answer: _Answer, first: int) -> None:
        async def on_first_audio() -> None:
            if first == 0:
                await self._report_latency(answer)

        try:
            await self._speaker.say(answer.script, first, on_first_audio)
            text, complete = self._playout.heard()
        except SpeechError as error:
            # The words are on the screen already; what cannot be spoken counts as shown.
            self._services.metrics.errors.labels(error.code).inc()
            self._log.error("speaking failed", turn_id=answer.script.turn_id, code=error.code)
            await self._outbox.put(ev.ErrorOut(error.code, _CANNOT_SPEAK[self._conversation.state.language]))
            if answer.producing is not None:
                await asyncio.wait([answer.producing])
            text, complete = answer.script.unsaid(first), True
        await self._confirm(text, answer, complete=complete)
        _after(answer)

    async def _confirm(self, text: str, answer: _Answer, *, complete: bool) -> None:
        if answer.script.turn_id is not None:
            tells_result = answer.script.tells_result
            await self._conversation.heard(answer.script.turn_id, text, complete=complete, tells_result=tells_result)

    async def _report_latency(self, answer: _Answer) -> None:
        """Tell the client and the metrics where the time of a turn went, from the end of speech to the first audio."""
        message = answer.message
        if message is None or answer.script.turn_id is None:
            return
        since_known_ms = (self._clock() - message.received_s) * 1000
        known_ms = message.asr_ms + answer.hops.nlu_ms + answer.hops.dialogue_ms
        hops = {
            "endpoint_ms": message.endpoint_ms,
            "asr_ms": message.asr_ms,
            "nlu_ms": answer.hops.nlu_ms,
            "dialogue_ms": answer.hops.dialogue_ms,
            "tts_ms": max(0.0, since_known_ms - known_ms),
            "total_ms": message.endpoint_ms + since_known_ms,
        }
        for hop, value in hops.items():
            name = hop.removesuffix("_ms")
            self._services.metrics.hop("v2v" if name == "total" and message.spoken else name, value, "web")
        await self._outbox.put(ev.Latency(answer.script.turn_id, hops))


def _after(answer: _Answer) -> None:
    """What the answer asked for besides its words. Raises ``SessionEnded``."""
    if answer.script.final_action is ReplyAction.HANG_UP:
        raise SessionEnded("goodbye")


def _joined(earlier: Message | None, message: Message) -> Message:
    """One message of two, when the second came before the first was understood (「我的订单」…「什么时候到」)."""
    if earlier is None:
        return message
    separator = " " if message.language == "en" or earlier.text[-1:].isascii() else ""
    return replace(message, text=f"{earlier.text}{separator}{message.text}", alternatives=())


async def _one(reply: Reply) -> AsyncGenerator[Reply]:
    yield reply
