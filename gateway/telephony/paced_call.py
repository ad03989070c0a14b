"""One call whose sound we pace ourselves: the voice session, and a frame every 20 ms on absolute deadlines.

    wire --> inbound queue --> VoiceSession --> outbox --> PacedLine --20 ms--> send
                   ^------------------- Played ---------------+

For lines whose far end holds next to nothing (AudioSocket; RTP may use it too). ``sound``, ``key`` and ``gone`` are
called by whoever reads the wire; ``serve`` runs beside it. Silence is sent where there is nothing to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from gateway import events as ev
from gateway import log
from gateway.paced import FRAME_MS, PacedLine
from gateway.services import Services
from gateway.session import VoiceSession
from gateway.telephony.call import SILENT_S, Line, TransferNote, finish
from gateway.telephony.line_noise import LineNoise
from gateway.telephony.wire import KEYS
from gateway.voice import Voice

_WAITING = 256
"""Five seconds of frames; a session that takes none for so long loses the newest."""
_LATE_FRAMES = 5
"""Behind by more than this the clock begins anew: a burst would only lie in the far end's buffer."""
SendFrame = Callable[[bytes], Awaitable[None]]


class PacedCall:
    """Run once. Cancelling ``serve`` ends the session."""

    def __init__(self, services: Services, voice: Voice, line: Line, channel: str, rate_hz: int) -> None:
        """``rate_hz`` of both directions, s16le."""
        start = ev.Start(rate_hz, rate_hz, channel=channel)
        self._session = VoiceSession(services, voice, line.conversation, start)
        self._services = services
        self._line = line
        self._paced = PacedLine(rate_hz)
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue(_WAITING)
        self._note = TransferNote()
        self._noise = LineNoise()
        self._log = log.logger(session_id=self._session.id, conversation_id=line.conversation.id)
        self._log.info("call", channel=channel)

    def sound(self, pcm: bytes) -> None:
        """The caller's sound."""
        self._line.recorder.caller(pcm, self._line.conversation.state)
        self._put(ev.AudioIn(self._noise.filled(pcm)))

    def key(self, digit: str) -> None:
        """A key of the caller's."""
        if digit in KEYS:
            self._put(ev.Dtmf(digit))

    def gone(self) -> None:
        """The caller has left."""
        while self._inbound.full():
            self._inbound.get_nowait()
        self._inbound.put_nowait(None)

    def _put(self, event: ev.Inbound) -> None:
        if self._inbound.full():
            self._services.metrics.dropped_audio.inc(FRAME_MS / 1000)
            return
        self._inbound.put_nowait(event)

    async def serve(self, send: SendFrame) -> str:
        """Serve the caller until the call is over; returns why. ``send`` raises ``ConnectionError`` when they left."""
        with self._line.recorder:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._take(), name="take"),
                    group.create_task(self._pace(send), name="pace"),
                ]
                reason = await self._session.run(self._events())
                for task in tasks:
                    task.cancel()
        await finish(self._services, self._line, reason, self._note.card)
        return reason

    async def _events(self) -> AsyncGenerator[ev.Inbound]:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    event = await self._inbound.get()
            except TimeoutError:
                return
            if event is None:
                return
            yield event

    async def _take(self) -> None:
        async for event in self._session.outbox:
            self._note.take(event)
            if isinstance(event, ev.AudioOut):
                self._line.recorder.agent(event.pcm)
            elif isinstance(event, ev.Clear):
                self._line.recorder.clear()
            self._paced.take(event)

    async def _pace(self, send: SendFrame) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await send(self._paced.frame())
                if (played := self._paced.played()) is not None:
                    self._put(played)
                due += FRAME_MS / 1000
                if loop.time() - due > _LATE_FRAMES * FRAME_MS / 1000:
                    due = loop.time()
                await asyncio.sleep(max(0.0, due - loop.time()))
        except ConnectionError:
            self.gone()
