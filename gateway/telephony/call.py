"""One telephone call over a media stream of a provider: the voice session, and the stream that carries it.

    messages --> Dialect --> sound, keys, echoed marks --> VoiceSession --> outbox --> FarEnd --> Dialect --> messages
                                                             |
                                               over: transfer, hang up (CallControl), or the caller has left

The stream must say who calls within ``START_S``, and bring the pass that our answer to the voice webhook gave it.
Cancelling ``serve`` ends the call's session; what control there is of the call is then left alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from dialogue.types import Card, ReplyAction
from gateway import events as ev
from gateway import log
from gateway.conversation import Conversation
from gateway.errors import ProtocolError
from gateway.patience import SlowClient
from gateway.services import Services
from gateway.session import VoiceSession
from gateway.telephony.control import CallControl, ControlFailed, Transfer
from gateway.telephony.far_end import FarEnd, SendAudio, SendMark
from gateway.telephony.line_noise import LineNoise
from gateway.telephony.recording import NO_RECORDER, Recorder
from gateway.telephony.sound_gate import SoundGate
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
_LAST_WORDS_S = 2.0
Send = Callable[[Message], Awaitable[None]]
HUNG_UP_BY_CALLER = frozenset({"disconnected", "bye"})


async def _unheard() -> None:
    """Nobody to tell."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a call needs besides its stream; made by the channel once the stream's pass has been checked."""

    conversation: Conversation
    control: CallControl
    agent: str = ""
    """Where callers are put through to who ask for a person; empty: nowhere."""
    recorder: Recorder = NO_RECORDER
    transfer_failed: Callable[[], Awaitable[None]] = _unheard
    """Tells the dialogue that nobody could be reached: it goes on, with an apology as its greeting."""


Admit = Callable[[CallStarted], Awaitable[Line]]
"""Checks a stream's pass and opens its conversation. Raises ``GatewayError``."""


class MediaStream:
    """Reads a stream's messages as events; a wrong message is skipped, many end it.

    Nothing is lost where reading is cancelled: whoever reads next goes on there.
    """

    def __init__(self, dialect: Dialect, messages: AsyncIterator[Message]) -> None:
        """``messages`` ends when the stream closes; it must outlive a cancelled ``anext`` (no generator does)."""
        self._dialect = dialect
        self._messages = messages
        self._bad = 0
        self._read: deque[WireEvent] = deque()
        self._is_over = False

    async def start(self) -> CallStarted:
        """The first event. Raises ``ProtocolError`` when it does not come in time."""
        early: list[WireEvent] = []
        early_bytes = 0
        try:
            async with asyncio.timeout(START_S):
                while (event := await self._next()) is not None:
                    if isinstance(event, CallStarted):
                        self._read.extendleft(reversed(early))
                        return event
                    # Some providers send sound before they say whose.
                    if isinstance(event, MediaIn) and early_bytes < _MAX_EARLY_BYTES:
                        early_bytes += len(event.payload)
                        early.append(event)
        except TimeoutError:
            pass
        raise ProtocolError("the stream did not say which call it carries", code="start_expected")

    async def events(self) -> AsyncGenerator[WireEvent]:
        """What follows, until the stream ends, or brings nothing for ``SILENT_S``."""
        while not self._is_over:
            try:
                async with asyncio.timeout(SILENT_S):
                    event = await self._next()
            except TimeoutError:
                event = None
            if event is None or isinstance(event, CallEnded):
                self._is_over = True
                return
            yield event

    async def _next(self) -> WireEvent | None:
        """The next event; None at the end."""
        while not self._read:
            try:
                message = await anext(self._messages)
            except StopAsyncIteration:
                return None
            try:
                self._read.extend(self._dialect.decode(message))
            except ProtocolError:
                self._bad += 1
                if self._bad > _MAX_BAD_MESSAGES:
                    return None
        return self._read.popleft()


class Call:
    """Run once: ``serve`` until the call is over."""

    def __init__(self, services: Services, voice: Voice, dialect: Dialect, channel: str, send: Send) -> None:
        """``channel`` names the door, for logs and metrics; ``send`` is as ``gateway.patience.send``."""
        self._services = services
        self._voice = voice
        self._dialect = dialect
        self._channel = channel
        self._send = send
        self._note = TransferNote()
        self._talks = 0
        self._fault = ""
        """What the far end did that no far end does: ``slow_reader`` (took nothing for too long), ``flood``."""

    async def serve(self, messages: AsyncIterator[Message], admit: Admit) -> str:
        """Serve the caller; returns why the call ended. Raises ``GatewayError`` when it is not admitted."""
        stream = MediaStream(self._dialect, messages)
        started = await stream.start()
        line = await admit(started)
        with line.recorder:
            reason = await self._talk(stream, started.format, line)
            while reason == "transfer" and not await put_through(self._services, line, self._note.card):
                # Nobody is there: the caller is told, and the talk goes on.
                self._talks += 1
                reason = await self._talk(stream, started.format, line)
        if self._fault:
            # Not the caller's doing: what there is of the call beside its stream is ended.
            reason = self._fault
            self._services.metrics.errors.labels(reason).inc()
        if not await hung_up(self._services, line, reason):
            await self._sent(self._dialect.hang_up())
        return reason

    async def _talk(self, stream: MediaStream, form: AudioFormat, line: Line) -> str:
        """One session over the stream, which outlives it; why it ended."""
        start = ev.Start(form.rate_hz, form.rate_hz, channel=self._channel)
        session = VoiceSession(self._services, self._voice, line.conversation, start)
        log.logger(session_id=session.id, conversation_id=line.conversation.id).info("call", channel=self._channel)
        far_end = FarEnd(form.rate_hz, self._talks)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._forward(session, far_end, form, line), name="send")
            reason = await session.run(self._inbound(stream, far_end, form, line))
            await asyncio.wait([sending], timeout=_LAST_WORDS_S)
            sending.cancel()
        return reason

    async def _inbound(
        self, stream: MediaStream, far_end: FarEnd, form: AudioFormat, line: Line
    ) -> AsyncGenerator[ev.Inbound]:
        clock, noise, gate = StreamClock(), LineNoise(), SoundGate(self._services.clock)
        async with aclosing(stream.events()) as events:
            async for event in events:
                match event:
                    case MediaIn(payload, at_ms):
                        length_ms = len(payload) / form.bytes_per_ms
                        lost_ms = clock.missing_ms(at_ms, length_ms)
                        if not gate.takes(lost_ms + length_ms):
                            self._services.metrics.dropped_audio.inc(length_ms / 1000)
                            if gate.is_flooded:
                                self._fault = "flood"
                                return
                            continue
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
                await self._send(message)
        except ConnectionError as error:
            if isinstance(error, SlowClient):
                self._fault = error.code
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


async def put_through(services: Services, line: Line, card: Card | None) -> bool:
    """Put the caller through to a person. False: nobody could be reached, and the next words of ours say so."""
    try:
        await line.control.transfer(transfer_of(card, line))
    except ControlFailed as error:
        _report(services, line, "transfer", error)
        await line.transfer_failed()
        return False
    return True


async def hung_up(services: Services, line: Line, reason: str) -> bool:
    """A call is over: hang up, unless that was done. False: its stream must do it."""
    if reason in HUNG_UP_BY_CALLER or reason == "transfer":
        return True
    try:
        await line.control.hang_up()
    except ControlFailed as error:
        _report(services, line, reason, error)
    return False


def _report(services: Services, line: Line, reason: str, error: ControlFailed) -> None:
    services.metrics.errors.labels(error.code).inc()
    logger = log.logger(conversation_id=line.conversation.id)
    logger.error("call control failed", reason=reason, error=str(error))


def transfer_of(card: Card | None, line: Line) -> Transfer:
    """Where a call goes that is to be put through: as the reply says, else to the usual person, told the summary."""
    data = card.data if card else {}
    summary = str(data.get("summary", "")) if data.get("warm", True) else ""
    return Transfer(str(data.get("to") or line.agent), summary, line.conversation.state.language)
