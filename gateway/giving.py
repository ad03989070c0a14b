"""Giving one answer: its words are shown as they are produced, spoken, and remembered as far as they were heard.

    replies --produce--> script --speak--> outbox --> confirm, and after the last word: hang up, transfer
                 +--> outbox (words)

Which message is answered when, and whether the speech of its answer goes, is for ``gateway.answering`` to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from structlog.typing import FilteringBoundLogger

from dialogue.functions import FunctionResult
from dialogue.types import Modality, Reply, ReplyAction
from gateway import events as ev
from gateway.ahead import Ahead
from gateway.answer import Script, Speaker
from gateway.conversation import Conversation
from gateway.core import Hops
from gateway.latency import hops_of, spans_of
from gateway.manners import Manners
from gateway.message import Message
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from gateway.services import Services
from nlu.types import Language
from speech.errors import SpeechError

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
class Answer:
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


class Giving:
    """Runs in the session's task group (``join``). Cancelling the tasks of an answer ends it; a WRITE goes on."""

    def __init__(
        self,
        services: Services,
        conversation: Conversation,
        outbox: Outbox,
        start: ev.Start,
        manners: Manners,
        speaker: Speaker,
        playout: ReportedPlayout,
        logger: FilteringBoundLogger,
    ) -> None:
        """``start`` says whether to speak; ``playout`` is that of ``speaker``."""
        self.modality: Modality = "voice" if start.speak else "text"
        self._services = services
        self._conversation = conversation
        self._outbox = outbox
        self._speaks = start.speak
        self._channel = start.channel
        self._manners = manners
        self._speaker = speaker
        self._playout = playout
        self._group: asyncio.TaskGroup
        self._log = logger

    def join(self, group: asyncio.TaskGroup) -> None:
        """Give answers in this group from now on."""
        self._group = group

    async def replies(self, message: Message, answer: Answer) -> AsyncGenerator[Reply]:
        """What the conversation says to ``message``; ``answer`` learns when it is understood."""
        turn = self._conversation.take_turn(
            message.text,
            modality=self.modality,
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

    async def result(self, result: FunctionResult) -> AsyncGenerator[Reply]:
        """What a function of the client's gave back, in words."""
        told = self._conversation.take_result(
            result, modality=self.modality, channel=self._channel, functions=self._manners.functions
        )
        async with aclosing(told) as items:
            async for item in items:
                yield item.reply

    def give(self, answer: Answer, replies: AsyncGenerator[Reply]) -> None:
        """Begin an answer: produce its words, speak them as they come."""
        answer.producing = self._group.create_task(self._produce(answer, replies), name="produce")
        if self._speaks:
            answer.speaking = self._group.create_task(self._speak(answer), name="speak")

    async def confirm(self, text: str, answer: Answer, *, complete: bool) -> None:
        """The customer has heard ``text`` of the answer."""
        if answer.script.turn_id is not None:
            tells_result = answer.script.tells_result
            await self._conversation.heard(answer.script.turn_id, text, complete=complete, tells_result=tells_result)

    async def _produce(self, answer: Answer, replies: AsyncGenerator[Reply]) -> None:
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

    async def _speak(self, answer: Answer) -> None:
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
        await self.confirm(text, answer, complete=complete)
        _after(answer)

    async def _report_latency(self, answer: Answer) -> None:
        """Tell the client and the metrics where the time of a turn went, from the end of speech to the first audio."""
        message = answer.message
        answer.understood = True
        if message is None or answer.script.turn_id is None:
            return
        now_s = self._services.clock()
        hops = hops_of(message, answer.hops, now_s)
        for hop, value in hops.items():
            name = hop.removesuffix("_ms")
            self._services.metrics.hop("v2v" if name == "total" and message.spoken else name, value, self._channel)
        await self._outbox.put(
            ev.Latency(answer.script.turn_id, hops, spans_of(message, answer.hops, answer.ahead, now_s))
        )


def _after(answer: Answer) -> None:
    """What the answer asked for besides its words. Raises ``SessionEnded``."""
    if answer.script.final_action is ReplyAction.HANG_UP:
        raise SessionEnded("goodbye")
    if answer.script.final_action is ReplyAction.TRANSFER:
        raise SessionEnded("transfer")
