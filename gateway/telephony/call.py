"""One telephone call over a media stream of a provider: the voice session, and the stream that carries it.

    messages --> Dialect --> sound, keys, echoed marks --> VoiceSession --> outbox --> FarEnd --> Dialect --> messages
                                                             |
                                               over: transfer, hang up (CallControl), or the caller has left

The stream must say who calls within ``START_S``, and bring the pass that our answer to the voice webhook gave it.
Cancelling ``serve`` ends the call's session; what control there is of the call is then left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from dialogue.types import Card, ReplyAction
from gateway import events as ev
from gateway import log
from gateway.conversation import Conversation
from gateway.errors import ProtocolError
from gateway.services import Services
from gateway.session import VoiceSession
from gateway.telephony.control import CallControl, ControlFailed, Transfer
from gateway.telephony.far_end import FarEnd, SendAudio, SendMark
from gateway.telephony.line_noise import LineNoise
from gateway.telephony.recording import NO_RECORDER, Recorder
from gateway.telephony.stream_clock import StreamClock
from gateway.telephony.wire import (
    KEYS,
    AudioFormat,
    CallEnded,
    CallStarted,
    Dialect,
    KeyPressed,
    MarkPlayed,
    MediaIn,
    Message,
    WireEvent,
)
from gateway.voice import Voice

START_S = 5.0
"""Within which a stream that was opened must say which call it carries."""
SILENT_S = 30.0
"""A stream that brings nothing for so long is dead."""
_MAX_BAD_MESSAGES = 20
_MAX_EARLY_BYTES = 32_000
"""Sound that comes before the start of the stream; it is dropped beyond that."""
_SEND_S = 10.0
_LAST_WORDS_S = 2.0
Send = Callable[[Message], Awaitable[None]]
HUNG_UP_BY_CALLER = frozenset({"disconnected", "bye"})


@dataclass(frozen=True, slots=True)
class Line:
    """What a call needs besides its stream; made by the channel once the stream's pass has been checked."""

    conversation: Conversation
    control: CallControl
    agent: str = ""
    """Where callers are put through to who ask for a person; empty: nowhere."""
    recorder: Recorder = NO_RECORDER


Admit = Callable[[CallStarted], Awaitable[Line]]
"""Checks a stream's pass and opens its conversation. Raises ``GatewayError``."""


class MediaStream:
    """Reads a stream's messages as events; a wrong message is skipped, many end it."""

    def __init__(self, dialect: Dialect, messages: AsyncIterator[Message]) -> None:
        """``messages`` ends when the stream closes."""
        self._dialect = dialect
        self._events = self._read(messages)
        self._bad = 0
        self._early: list[WireEvent] = []
        self._early_bytes = 0

    async def start(self) -> CallStarted:
        """The first event. Raises ``ProtocolError`` when it does not come in time."""
        try:
            async with asyncio.timeout(START_S):
                async for event in self._events:
                    if isinstance(event, CallStarted):
                        return event
                    self._keep(event)
        except TimeoutError:
            pass
        raise ProtocolError("the stream did not say which call it carries", code="start_expected")

    def _keep(self, event: WireEvent) -> None:
        """Some providers send sound before they say whose."""
        if isinstance(event, MediaIn) and self._early_bytes < _MAX_EARLY_BYTES:
            self._early_bytes += len(event.payload)
            self._early.append(event)

    async def events(self) -> AsyncGenerator[WireEvent]:
        """What follows, until the stream ends, or brings nothing for ``SILENT_S``."""
        for event in self._early:
            yield event
        self._early.clear()
        async with aclosing(self._events):
            while True:
                try:
                    async with asyncio.timeout(SILENT_S):
                        event = await anext(self._events)
                except (StopAsyncIteration, TimeoutError):
                    return
                if isinstance(event, CallEnded):
                    return
                yield event

    async def _read(self, messages: AsyncIterator[Message]) -> AsyncGenerator[WireEvent]:
        async for message in messages:
            try:
                events = self._dialect.decode(message)
            except ProtocolError:
                self._bad += 1
                if self._bad > _MAX_BAD_MESSAGES:
                    return
                continue
            for event in events:
                yield event


class Call:
    """Run once: ``serve`` until the call is over."""

    def __init__(self, services: Services, voice: Voice, dialect: Dialect, channel: str, send: Send) -> None:
        """``channel`` names the door, for logs and metrics; ``send`` sends one message and waits for a slow reader."""
        self._services = services
        self._voice = voice
        self._dialect = dialect
        self._channel = channel
        self._send = send
        self._note = TransferNote()

    async def serve(self, messages: AsyncIterator[Message], admit: Admit) -> str:
        """Serve the caller; returns why the call ended. Raises ``GatewayError`` when it is not admitted."""
        stream = MediaStream(self._dialect, messages)
        started = await stream.start()
        line = await admit(started)
        rate_hz = started.format.rate_hz
        start = ev.Start(rate_hz, rate_hz, channel=self._channel)
        session = VoiceSession(self._services, self._voice, line.conversation, start)
        log.logger(session_id=session.id, conversation_id=line.conversation.id).info("call", channel=self._channel)
        far_end = FarEnd(rate_hz)
        with line.recorder:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._forward(session, far_end, started.format, line), name="send")
                reason = await session.run(self._inbound(stream, far_end, started.format, line))
                await asyncio.wait([sending], timeout=_LAST_WORDS_S)
                sending.cancel()
        if not await finish(self._services, line, reason, self._note.card):
            await self._sent(self._dialect.hang_up())
        return reason

    async def _inbound(
        self, stream: MediaStream, far_end: FarEnd, form: AudioFormat, line: Line
    ) -> AsyncGenerator[ev.Inbound]:
        clock, noise = StreamClock(), LineNoise()
        async with aclosing(stream.events()) as events:
            async for event in events:
                match event:
                    case MediaIn(payload, at_ms):
                        lost_ms = clock.missing_ms(at_ms, len(payload) / form.bytes_per_ms)
                        silence = bytes(2 * round(lost_ms * form.rate_hz / 1000))
                        sound = form.decoded(payload)
                        line.recorder.caller(silence + sound, line.conversation.state)
                        yield ev.AudioIn(noise.filled(silence) + noise.filled(sound))
                    case KeyPressed(digit) if digit in KEYS:
                        yield ev.Dtmf(digit)
                    case MarkPlayed(name):
                        if (played := far_end.echoed(name)) is not None:
                            yield played
                    case _:
                        pass

    async def _forward(self, session: VoiceSession, far_end: FarEnd, form: AudioFormat, line: Line) -> None:
        async for event in session.outbox:
            self._note.take(event)
            for step in far_end.take(event):
                if isinstance(step, SendAudio):
                    line.recorder.agent(step.pcm)
                    messages = self._dialect.audio(form.encoded(step.pcm))
                elif isinstance(step, SendMark):
                    messages = self._dialect.mark(step.name)
                else:
                    line.recorder.clear()
                    messages = self._dialect.clear()
                if not await self._sent(messages):
                    return

    async def _sent(self, messages: Sequence[Message]) -> bool:
        """False when the stream is gone: the receiving side then ends the session."""
        try:
            for message in messages:
                async with asyncio.timeout(_SEND_S):
                    await self._send(message)
        except (ConnectionError, RuntimeError, TimeoutError):
            return False
        return True


class TransferNote:
    """Remembers from a session's events what the last reply that called a person said."""

    def __init__(self) -> None:
        self.card: Card | None = None

    def take(self, event: ev.Outbound) -> None:
        """An event on its way out."""
        if isinstance(event, ev.ReplyOut) and event.reply.action is ReplyAction.TRANSFER:
            self.card = next((card for card in event.reply.cards if card.kind == "handoff"), self.card)


async def finish(services: Services, line: Line, reason: str, card: Card | None) -> bool:
    """A call's session is over: put the caller through, or hang up, unless they did. False: it must be ended here."""
    if reason in HUNG_UP_BY_CALLER:
        return True
    try:
        if reason == "transfer":
            await line.control.transfer(transfer_of(card, line))
            return True
        await line.control.hang_up()
    except ControlFailed as error:
        services.metrics.errors.labels(error.code).inc()
        logger = log.logger(conversation_id=line.conversation.id)
        logger.error("call control failed", reason=reason, error=str(error))
    return False


def transfer_of(card: Card | None, line: Line) -> Transfer:
    """Where a call goes that is to be put through: as the reply says, else to the usual person, told the summary."""
    data = card.data if card else {}
    summary = str(data.get("summary", "")) if data.get("warm", True) else ""
    return Transfer(str(data.get("to") or line.agent), summary, line.conversation.state.language)
