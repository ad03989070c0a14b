"""One voice session: a customer's microphone and speaker on one conversation.

      inbound --> hearing ------> answering --> outbox --> channel
                     |     turns      ^
                     +-- hold, go on -+

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

from gateway import events as ev
from gateway import log
from gateway.answering import Answering
from gateway.conversation import Conversation
from gateway.giving import SessionEnded
from gateway.hearing import Hearing
from gateway.keypad import USUAL, Keypad, keys_expected
from gateway.manners import Manners
from gateway.message import Message
from gateway.outbox import Outbox, SlowReader
from gateway.services import Services
from gateway.silence import Silence
from gateway.voice import Voice
from nlu.types import Language

_WATCH_S = 0.5
_BROKEN: dict[Language, str] = {
    "zh": "抱歉，我们这边出了点问题，请重新连接。您说过的内容已经保存。",
    "en": "Sorry, something broke on our side; please reconnect. What you told us is kept.",
}


class VoiceSession:
    """Run once. ``outbox`` is read by the channel while ``run`` runs."""

    def __init__(
        self,
        services: Services,
        voice: Voice,
        conversation: Conversation,
        start: ev.Start,
        manners: Manners | None = None,
    ) -> None:
        """``start`` is the client's first message; ``manners`` may be changed while the session runs."""
        self._manners = manners or Manners()
        self.id = secrets.token_urlsafe(8)
        self.outbox = Outbox()
        self._services = services
        self._conversation = conversation
        self._start = start
        self._clock = services.clock
        self._log = log.logger(session_id=self.id, conversation_id=conversation.id, channel=start.channel)
        self._answering = Answering(services, voice, conversation, self.outbox, start, self._manners, self._log)
        self._hearing = Hearing(
            services,
            voice,
            conversation,
            start,
            self._manners,
            self._answering,
            self.outbox,
            self._broke_silence,
            self._log,
        )
        self._silence = Silence(services.settings.floor.no_input_s if start.speak else 0.0)
        self._keypad = Keypad()
        self._is_taking = False
        """Whether something that came in is being dealt with: what came after it, keys too, waits in the channel."""
        self._active_s = services.clock()

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
            self._answering.join(group)
            group.create_task(self._receive(inbound), name="receive")
            group.create_task(self._hearing.run(), name="hear")
            group.create_task(self._watch(), name="watch")
            group.create_task(self._hearing.learn_words(), name="words")
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
                began_s, self._is_taking = self._clock(), True
                await self._take(event)
                self._is_taking = False
                self._keypad.held_up((self._clock() - began_s) * 1000)
        raise SessionEnded("disconnected")

    async def _take(self, event: ev.Inbound) -> None:
        match event:
            case ev.AudioIn(pcm):
                await self._hearing.take(pcm)
            case ev.TextIn(text):
                await self._typed(text)
            case ev.Dtmf(digit):
                await self._pressed(digit)
            case ev.Played(turn_id, ms, play):
                self._answering.report_played(turn_id, ms, play)
            case ev.Truncated(turn_id, ms, play):
                self._answering.report_truncated(turn_id, ms, play)
            case ev.FunctionOutput(result):
                await self._answering.ask(Message("", self._clock(), result=result))
            case ev.Forget():
                self._hearing.forget()
            case ev.Greet():
                await self._answering.say(self._conversation.core.responder.greeting)
            case ev.Interrupt():
                await self._answering.cut()
            case ev.Mute(muted):
                if muted:
                    self._hearing.end_utterance()
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
        expectation = self._conversation.state.expectation
        now_ms, rules = self._clock() * 1000, expectation.keys or USUAL
        if self._keypad.is_afterthought(digit, now_ms, rules):
            return
        current = self._answering.speaking_turn
        if current is not None and current[1]:
            await self._answering.cut()
        await self._typed(self._keypad.press(digit, now_ms, keys_expected(expectation), rules))

    def _broke_silence(self) -> None:
        self._active_s = self._clock()
        self._silence.broken()

    async def _watch(self) -> None:
        """Speaks to a customer who says nothing, and ends a session in which nothing has happened for long."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if not self._is_taking:
                await self._typed(self._keypad.due(self._clock() * 1000))
            if self._answering.speaking:
                self._active_s = self._clock()
            if self._clock() - self._active_s > self._services.settings.gateway.idle_timeout_s:
                raise SessionEnded("idle")
            await self._mind_the_silence()

    async def _mind_the_silence(self) -> None:
        wanted_s, keys = self._manners.no_input_s, self._conversation.state.expectation.keys
        never = wanted_s == 0 or not self._manners.answers
        busy = self._hearing.is_listening or self._answering.is_busy or never
        after_s = wanted_s or (keys.first_s if keys is not None else None)
        attempt = self._silence.tick(self._clock(), busy=busy, asked=self._hearing.is_asked, after_s=after_s)
        if attempt is not None:
            if wanted_s:
                await self.outbox.put(ev.NoInput())
            responder = self._conversation.core.responder
            await self._answering.say(
                lambda state, turn_id: responder.no_input(state, turn_id, attempt, has_keypad=True)
            )
