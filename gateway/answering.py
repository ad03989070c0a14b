"""Answering: the customer's messages are answered one after another; speech is held, goes on, is dropped.

    expect --> Ahead ......v (adopted when the message is the one expected)
    messages --> Answer --> giving (``gateway.giving``: words and speech)
                              ^ hold, go on, cut, drop

A hold silences the *speech*: the words go on being produced until it is known what the customer said. The next message
drops the answer altogether; a WRITE that it began goes on (see ``gateway.conversation``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from structlog.typing import FilteringBoundLogger

from dialogue.state import DialogueState
from dialogue.types import Reply, Said
from gateway import events as ev
from gateway.answer import Speaker
from gateway.anticipation import Anticipation
from gateway.conversation import Conversation
from gateway.giving import Answer, Giving
from gateway.manners import Manners
from gateway.message import Message
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.services import Services
from gateway.voice import Voice
from speech.types import Samples

_MESSAGES_WAITING = 8
_SENTENCE_CHECK_S = 0.05
_EXACT_MS = 2000.0
"""After a pause of this length people have lost the thread: the sentence begins anew."""


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
        self._conversation = conversation
        self._outbox = outbox
        self._clock = services.clock
        self._playout = ReportedPlayout(services.clock)
        self._speaker = Speaker(voice, self._playout, outbox, start.output_rate_hz)
        self._giving = Giving(services, conversation, outbox, start, manners, self._speaker, self._playout, logger)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(_MESSAGES_WAITING)
        self._answer: Answer | None = None
        self.anticipation = Anticipation(
            conversation, voice.tts if start.speak else None, self._giving.modality, start.channel, manners, logger
        )
        self._customer_speaks = False
        self._changing = asyncio.Lock()
        """Held from the end of one answer to the beginning of the next, so that two never speak at once."""

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
        self._giving.join(group)

    async def run(self, greeting: Reply | None) -> None:
        """Answer messages in order, for ever; a new message ends the answer to the last. ``join`` comes first."""
        try:
            if greeting is not None:
                self._give(Answer(None), _one(greeting))
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
                        self._give(Answer(message), self._giving.result(message.result))
                        continue
                    message = _joined(unanswered, message)
                    answer = Answer(message, ahead=self.anticipation.take())
                    self._give(answer, self._giving.replies(message, answer))
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
            self._give(Answer(None), _one(reply(conversation.state, conversation.next_turn_id())))

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
            await self._giving.confirm(text, answer, complete=complete)

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

    def _give(self, answer: Answer, replies: AsyncGenerator[Reply]) -> None:
        self._answer = answer
        self._giving.give(answer, replies)

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


def _joined(earlier: Message | None, message: Message) -> Message:
    """One message of two, when the second came before the first was understood (「我的订单」…「什么时候到」)."""
    if earlier is None:
        return message
    separator = " " if message.language == "en" or earlier.text[-1:].isascii() else ""
    return replace(message, text=f"{earlier.text}{separator}{message.text}", alternatives=())


async def _one(reply: Reply) -> AsyncGenerator[Reply]:
    yield reply
