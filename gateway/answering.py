"""Answering: the customer's messages, one after another, become words and speech; speech is held, goes on, is dropped.

    expect --> Ahead ...........v (adopted when the message is the one expected)
    messages --> conversation.take_turn --> script --> speaker --> outbox
                                                         ^ hold, go on

A hold silences the *speech*: the words go on being produced until it is known what the customer said. The next message
drops the answer altogether; a WRITE that it began goes on (see ``gateway.conversation``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from structlog.typing import FilteringBoundLogger

from dialogue.functions import FunctionResult
from dialogue.state import DialogueState
from dialogue.types import Modality, Reply, ReplyAction, Said
from gateway import events as ev
from gateway.ahead import Ahead
from gateway.answer import Script, Speaker
from gateway.anticipation import Anticipation
from gateway.conversation import Conversation
from gateway.core import Hops
from gateway.latency import hops_of, spans_of
from gateway.manners import Manners
from gateway.message import Message
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.services import Services
from gateway.voice import Voice
from nlu.types import Language
from speech.errors import SpeechError
from speech.types import Samples

_MESSAGES_WAITING = 8
_SENTENCE_CHECK_S = 0.05
_EXACT_MS = 2000.0
"""After a pause of this length people have lost the thread: the sentence begins anew."""
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
    ahead: Ahead | None = None
    held_s: float | None = None
    """Since when its speech is held; None while it goes."""
    is_cut: bool = False


class Answering:
    """Runs in the session's task group (``join``). The session, which hears the customer, tells it of the floor."""

    def __init__(
        self,
        services: Services,
        voice: Voice,
        conversation: Conversation,
        outbox: Outbox,
        start: ev.Start,
        manners: Manners,
        logger: FilteringBoundLogger,
    ) -> None:
        """``start`` says whether to speak, and at which rate; ``logger`` names the session."""
        self._manners = manners
        self._services = services
        self._conversation = conversation
        self._outbox = outbox
        self._speaks = start.speak
        self._modality: Modality = "voice" if start.speak else "text"
        self._clock = services.clock
        self._playout = ReportedPlayout(services.clock)
        self._speaker = Speaker(voice, self._playout, outbox, start.output_rate_hz)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(_MESSAGES_WAITING)
        self._answer: _Answer | None = None
        self._channel = start.channel
        self.anticipation = Anticipation(
            conversation, voice.tts if start.speak else None, self._modality, start.channel, manners
        )
        self._customer_speaks = False
        self._changing = asyncio.Lock()
        """Held from the end of one answer to the beginning of the next, so that two never speak at once."""
        self._group: asyncio.TaskGroup
        self._log = logger

    # --- what the session tells and asks -----------------------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether the customer hears the bot now."""
        return self._playout.speaking

    @property
    def speaking_turn(self) -> tuple[int, bool] | None:
        """``(turn_id, interruptible)`` of what the customer hears now; None when nothing can be held."""
        answer = self._answer
        if answer is None or answer.script.turn_id is None or not self._playout.speaking:
            return None
        return answer.script.turn_id, answer.script.is_interruptible(self._playout.current_sentence)

    @property
    def is_held(self) -> bool:
        """Whether the customer spoke over the answer and it is not yet known what they said."""
        return self._answer is not None and self._answer.held_s is not None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being given, or waits to be."""
        speaking = self._answer.speaking if self._answer is not None else None
        producing = self._answer.producing if self._answer is not None else None
        return not self._messages.empty() or any(task is not None and not task.done() for task in (speaking, producing))

    def just_said(self, within_ms: float) -> str:
        """Words that the customer's loudspeaker played in the last ``within_ms`` of sound."""
        return self._playout.just_sounded(within_ms)

    def sounding(self, before_ms: float, after_ms: float) -> Samples | None:
        """What the loudspeaker plays about now; see ``Speaker.sounding``."""
        return self._speaker.sounding(before_ms, after_ms)

    async def ask(self, message: Message) -> None:
        """Queue a message of the customer; blocks while many wait."""
        await self._messages.put(message)

    async def expect(self, message: Message) -> None:
        """The customer has paused after these words: work on the answer, in case that was all."""
        await self.anticipation.expect(message, self._to_confirm() if self.is_held else None)

    def report_played(self, turn_id: int, ms: float, play: int | None = None) -> None:
        """The client says how much it has played."""
        if self._answer is not None and self._answer.script.turn_id == turn_id:
            self._playout.report(ms, play)

    def report_truncated(self, turn_id: int, ms: float, play: int) -> None:
        """The client says where it stopped when it was told to."""
        if self._answer is not None and self._answer.script.turn_id == turn_id:
            self._playout.truncated(ms, play)

    def hold_floor(self, customer_speaks: bool) -> None:
        """Audio that has not begun waits while the customer speaks.

        Afterwards too while a message waits: what they said may have made an answer stale that has not begun.
        """
        self._customer_speaks = customer_speaks
        if customer_speaks:
            self._speaker.floor.clear()
        elif self._messages.empty():
            self._speaker.floor.set()

    def join(self, group: asyncio.TaskGroup) -> None:
        """Give answers in this group from now on."""
        self._group = group

    async def run(self, greeting: Reply | None) -> None:
        """Answer messages in order, for ever; a new message ends the answer to the last. ``join`` comes first."""
        try:
            if greeting is not None:
                self._give(_Answer(None), _one(greeting))
            while True:
                message = await self._messages.get()
                if message.result is not None and not await self._said_all():
                    self._messages.put_nowait(message)  # the customer goes first; the place was its own
                    continue
                await self._said_what_must_be()
                async with self._changing:
                    unanswered = self._kept(await self.drop())
                    self.hold_floor(self._customer_speaks)
                    if message.result is not None:
                        answer = _Answer(message)
                        self._give(answer, self._result(message.result))
                        continue
                    answer = _Answer(_joined(unanswered, message), ahead=self.anticipation.take())
                    self._give(answer, self._replies(answer))
        finally:
            await self.anticipation.nothing()
            if self._answer is not None and self._answer.ahead is not None:
                await self._answer.ahead.close()

    async def say(self, reply: Callable[[DialogueState, int], Reply]) -> None:
        """Words of our own, in place of the current answer; ``reply`` is made for the state and a fresh turn id."""
        if self._changing.locked():
            return  # an answer is about to begin, which must not be dropped for these
        conversation = self._conversation
        async with self._changing:
            await self.drop()
            self._give(_Answer(None), _one(reply(conversation.state, conversation.next_turn_id())))

    async def apologise(self, code: str) -> None:
        """Say that something went wrong, in place of the current answer."""
        await self.say(lambda state, turn_id: self._conversation.core.responder.apology(code, state, turn_id))

    async def hold(self) -> None:
        """Fall silent at once, until ``go_on`` or the next message; the words go on being produced."""
        answer = self._answer
        if answer is None or answer.held_s is not None or answer.is_cut or not self._playout.open:
            return
        answer.held_s = self._clock()
        play = self._speaker.hold()
        if answer.script.turn_id is not None:
            await self._outbox.clear(answer.script.turn_id, play)

    def go_on(self, *, from_sentence: bool = False) -> None:
        """The interruption was none. What was held for long goes on from the start of its sentence."""
        answer = self._answer
        if answer is None or answer.held_s is None:
            return
        is_long = (self._clock() - answer.held_s) * 1000 > _EXACT_MS
        answer.held_s = None
        self._speaker.go_on(from_sentence=from_sentence or is_long)

    async def cut(self) -> None:
        """Stop the speech of the answer for good; its words go on being produced."""
        answer = self._answer
        if answer is None or answer.speaking is None or answer.is_cut:
            return
        await self.hold()
        answer.is_cut = True
        answer.speaking.cancel()
        if answer.held_s is not None:
            answer.held_s = None
            text, complete = self._playout.heard()
            await self._confirm(text, answer, complete=complete)

    def _to_confirm(self) -> Said | None:
        """What ``cut`` will confirm of the answer that is held."""
        answer = self._answer
        if answer is None or answer.script.turn_id is None:
            return None
        text, complete = self._playout.heard()
        return Said(answer.script.turn_id, text, complete, answer.script.tells_result) if text else None

    async def close(self) -> None:
        """The customer has left, maybe in mid-answer: what was heard until then is remembered, audio is let go."""
        await self.cut()
        self._speaker.release()

    async def drop(self) -> Message | None:
        """End the answer that is being given, speech and production. A WRITE it began goes on.

        Returns the message it was for when that had not been understood yet: nothing that was said may be lost.
        """
        await self.cut()
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        for task in (answer.speaking, answer.producing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        if answer.ahead is not None:
            await answer.ahead.close()
        return None if answer.understood else answer.message

    async def _said_what_must_be(self) -> None:
        """An uninterruptible sentence is heard to its end before the next message is taken."""
        answer = self._answer
        if answer is None or answer.speaking is None:
            return
        while not answer.speaking.done() and answer.script.must_be_heard(self._playout.current_sentence):
            await asyncio.wait([answer.speaking], timeout=_SENTENCE_CHECK_S)

    def _kept(self, unanswered: Message | None) -> Message | None:
        """What joins the next message; a result of which nothing was heard is told after it instead."""
        if unanswered is None or unanswered.result is None:
            return unanswered
        if not self._messages.full():
            self._messages.put_nowait(unanswered)
        return None

    async def _said_all(self) -> bool:
        """Whether the answer that is being given has been said to its end; False once the customer has a message."""
        self.hold_floor(self._customer_speaks)  # a result that waited in the queue may have kept it
        while (answer := self._answer) is not None and self._messages.empty():
            running = [task for task in (answer.speaking, answer.producing) if task is not None and not task.done()]
            if not running or answer.is_cut:
                return True
            await asyncio.wait(running, timeout=_SENTENCE_CHECK_S, return_when=asyncio.FIRST_COMPLETED)
        return self._messages.empty()

    # --- one answer --------------------------------------------------------------------------------------------------

    async def _replies(self, answer: _Answer) -> AsyncGenerator[Reply]:
        message = answer.message
        if message is None:
            return
        turn = self._conversation.take_turn(
            message.text,
            modality=self._modality,
            channel=self._channel,
            language=message.language,
            alternatives=message.alternatives,
            hops=answer.hops,
            ahead=answer.ahead,
            functions=self._manners.functions,
        )
        async with aclosing(turn) as items:
            async for item in items:
                if isinstance(item, ev.UnderstoodOut):
                    answer.understood = True
                    await self._outbox.put(item)
                else:
                    yield item.reply

    async def _result(self, result: FunctionResult) -> AsyncGenerator[Reply]:
        told = self._conversation.take_result(
            result, modality=self._modality, channel=self._channel, functions=self._manners.functions
        )
        async with aclosing(told) as items:
            async for item in items:
                yield item.reply

    def _give(self, answer: _Answer, replies: AsyncGenerator[Reply]) -> None:
        """Begin an answer: produce its words, speak them as they come."""
        self._answer = answer
        answer.producing = self._group.create_task(self._produce(answer, replies), name="produce")
        if self._speaks:
            answer.speaking = self._group.create_task(self._speak(answer), name="speak")

    async def _produce(self, answer: _Answer, replies: AsyncGenerator[Reply]) -> None:
        async with aclosing(replies) as items:
            async for reply in items:
                is_first = answer.script.turn_id is None
                await self._outbox.put(ev.ReplyOut(reply))
                answer.script.add(reply if self._manners.interruptible else replace(reply, interruptible=False))
                if is_first and not self._speaks:
                    await self._report_latency(answer)
        answer.script.end()
        if not self._speaks:
            _after(answer)

    async def _speak(self, answer: _Answer) -> None:
        try:
            await self._speaker.say(
                answer.script,
                lambda: self._report_latency(answer),
                lambda: answer.ahead.audio if answer.ahead is not None else None,
            )
            text, complete = self._playout.heard()
        except SpeechError as error:
            # The words are on the screen already; what cannot be spoken counts as shown.
            self._services.metrics.errors.labels(error.code).inc()
            self._log.error("speaking failed", turn_id=answer.script.turn_id, code=error.code)
            await self._outbox.put(ev.ErrorOut(error.code, _CANNOT_SPEAK[self._conversation.state.language]))
            if answer.producing is not None:
                await asyncio.wait([answer.producing])
            text, complete = answer.script.text, True
        await self._confirm(text, answer, complete=complete)
        _after(answer)

    async def _confirm(self, text: str, answer: _Answer, *, complete: bool) -> None:
        if answer.script.turn_id is not None:
            tells_result = answer.script.tells_result
            await self._conversation.heard(answer.script.turn_id, text, complete=complete, tells_result=tells_result)

    async def _report_latency(self, answer: _Answer) -> None:
        """Tell the client and the metrics where the time of a turn went, from the end of speech to the first audio."""
        message = answer.message
        answer.understood = True
        if message is None or answer.script.turn_id is None:
            return
        now_s = self._clock()
        hops = hops_of(message, answer.hops, now_s)
        for hop, value in hops.items():
            name = hop.removesuffix("_ms")
            self._services.metrics.hop("v2v" if name == "total" and message.spoken else name, value, self._channel)
        await self._outbox.put(
            ev.Latency(answer.script.turn_id, hops, spans_of(message, answer.hops, answer.ahead, now_s))
        )


def _after(answer: _Answer) -> None:
    """What the answer asked for besides its words. Raises ``SessionEnded``."""
    if answer.script.final_action is ReplyAction.HANG_UP:
        raise SessionEnded("goodbye")
    if answer.script.final_action is ReplyAction.TRANSFER:
        raise SessionEnded("transfer")


def _joined(earlier: Message | None, message: Message) -> Message:
    """One message of two, when the second came before the first was understood (「我的订单」…「什么时候到」)."""
    if earlier is None:
        return message
    separator = " " if message.language == "en" or earlier.text[-1:].isascii() else ""
    return replace(message, text=f"{earlier.text}{separator}{message.text}", alternatives=())


async def _one(reply: Reply) -> AsyncGenerator[Reply]:
    yield reply
