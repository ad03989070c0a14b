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
from gateway.telephony.call import SILENT_S, Line, TransferNote, hung_up, put_through
from gateway.telephony.line_noise import LineNoise
from gateway.telephony.sound_gate import SoundGate
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
        self._start = ev.Start(rate_hz, rate_hz, channel=channel)
        self._services = services
        self._voice = voice
        self._line = line
        self._bytes_per_ms = rate_hz * 2 / 1000
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue(_WAITING)
        self._note = TransferNote()
        self._noise = LineNoise()
        self._is_gone = False
        self._gate = SoundGate(services.clock)
        self._heard_s = services.clock()
        """When the line last brought something."""

    def sound(self, pcm: bytes) -> None:
        """The caller's sound."""
        self._heard_s = self._services.clock()
        length_ms = len(pcm) / self._bytes_per_ms
        if not self._gate.takes(length_ms):
            self._services.metrics.dropped_audio.inc(length_ms / 1000)
            if self._gate.is_flooded:
                self.gone()
            return
        self._line.recorder.caller(pcm, self._line.conversation.state)
        self._put(ev.AudioIn(self._noise.filled(pcm)))

    def key(self, digit: str) -> None:
        """A key of the caller's."""
        self._heard_s = self._services.clock()
        if digit in KEYS:
            self._put(ev.Dtmf(digit))

    def gone(self) -> None:
        """The caller has left."""
        self._is_gone = True
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
            reason = await self._talk(send)
            while reason == "transfer" and not await put_through(self._services, self._line, self._note.card):
                # Nobody is there: the caller is told, and the talk goes on.
                reason = await self._talk(send)
        await hung_up(self._services, self._line, reason)
        return reason

    async def _talk(self, send: SendFrame) -> str:
        """One session on the line, which outlives it; why it ended."""
        session = VoiceSession(self._services, self._voice, self._line.conversation, self._start)
        logger = log.logger(session_id=session.id, conversation_id=self._line.conversation.id)
        logger.info("call", channel=self._start.channel)
        paced = PacedLine(self._start.rate_hz)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._take(session, paced), name="take"),
                group.create_task(self._pace(paced, send), name="pace"),
            ]
            reason = await session.run(self._events())
            for task in tasks:
                task.cancel()
        return reason

    async def _events(self) -> AsyncGenerator[ev.Inbound]:
        while True:
            # Reports of our own playing come this way too, and do not say that anybody is there.
            left_s = self._heard_s + SILENT_S - self._services.clock()
            if left_s <= 0 or (self._is_gone and self._inbound.empty()):
                return
            try:
                async with asyncio.timeout(left_s):
                    event = await self._inbound.get()
            except TimeoutError:
                continue
            if event is None:
                return
            yield event

    async def _take(self, session: VoiceSession, paced: PacedLine) -> None:
        async for event in session.outbox:
            self._note.take(event)
            if isinstance(event, ev.AudioOut):
                self._line.recorder.agent(event.pcm)
            elif isinstance(event, ev.Clear):
                self._line.recorder.clear()
            paced.take(event)

    async def _pace(self, paced: PacedLine, send: SendFrame) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await send(paced.frame())
                if (played := paced.played()) is not None:
                    self._put(played)
                due += FRAME_MS / 1000
                if loop.time() - due > _LATE_FRAMES * FRAME_MS / 1000:
                    due = loop.time()
                await asyncio.sleep(max(0.0, due - loop.time()))
        except ConnectionError:
            self.gone()
