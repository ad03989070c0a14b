"""The voice session beside a Realtime connection, or the ears alone (a transcription session).

Call --> put, push --> VoiceSession --> outbox --> told            it begins once; formats are fixed from there on
                       (or microphone --> listen --> told)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from gateway import events as ev
from gateway.channels.realtime.config import Session
from gateway.conversation import Conversation
from gateway.manners import Manners
from gateway.microphone import Microphone
from gateway.services import Services
from gateway.session import VoiceSession
from gateway.voice import Voice
from nlu.types import Language
from speech.listen import listen

_INBOUND_WAITING = 64
_CLEAR_MARGIN_MS = 100.0
"""Beyond the longest wait: the utterance ends for certain."""


class Line:
    """Of one connection. Everything runs in the group of ``begin``; cancelling that ends it."""

    def __init__(
        self,
        services: Services,
        voice: Voice,
        conversation: Conversation,
        manners: Manners,
        told: Callable[[ev.Outbound], Awaitable[None]],
        media_hz: int | None = None,
    ) -> None:
        """``told`` takes what the session says, in order. ``media_hz``: the rate of sound that has a way of its own."""
        self._media_hz = media_hz
        self._services = services
        self._voice = voice
        self._conversation = conversation
        self._manners = manners
        self._told = told
        self._inbound: asyncio.Queue[ev.Inbound | None] = asyncio.Queue(_INBOUND_WAITING)
        self._microphone: Microphone | None = None
        """Of the ears alone."""
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why the voice session ended, once it has."""
        self.has_begun = False
        self._heard_bytes = 0
        self._bytes_per_ms = 0.0
        """Of the microphone; 0 until it has begun."""

    @property
    def heard_ms(self) -> float:
        """How much sound of the customer's has come, in milliseconds."""
        return self._heard_bytes / self._bytes_per_ms if self._bytes_per_ms else 0.0

    def begin(self, group: asyncio.TaskGroup, session: Session, language: Callable[[], Language | None]) -> None:
        """Open the voice session, or the ears alone."""
        if self.has_begun:
            return
        self.has_begun = True
        audio = session.audio
        rate_hz = self._media_hz or audio.input.format.rate_hz
        self._bytes_per_ms = rate_hz * 2 / 1000
        if session.type == "transcription":
            dropped = self._services.metrics.dropped_audio
            self._microphone = Microphone(rate_hz, lambda ms: dropped.inc(ms / 1000))
            group.create_task(self._listen(self._microphone, rate_hz, language), name="listen")
            return
        start = ev.Start(
            rate_hz,
            self._media_hz or audio.output.format.rate_hz,
            session.language,
            speak=session.speaks,
            greet=False,
            channel="realtime",
        )
        beside = VoiceSession(self._services, self._voice, self._conversation, start, self._manners)
        group.create_task(self._serve(beside), name="session")
        group.create_task(self._forward(beside), name="forward")

    async def put(self, event: ev.Inbound) -> None:
        """Tell the voice session."""
        await self._inbound.put(event)

    async def push(self, pcm: bytes) -> None:
        """Microphone audio, s16le at the input rate."""
        self._heard_bytes += len(pcm)
        if self._microphone is not None:
            self._microphone.push(pcm)
        elif pcm:
            await self._inbound.put(ev.AudioIn(pcm))

    async def forget(self) -> None:
        """What is being said counts no more."""
        if self._microphone is not None:
            self._microphone.silence(self._voice.listen.endpoint.longest_wait_ms + _CLEAR_MARGIN_MS)
        else:
            await self._inbound.put(ev.Forget())

    def end(self, reason: str) -> None:
        """It is over, for this reason unless there is one already."""
        if not self.over.done():
            self.over.set_result(reason)

    def close(self) -> None:
        """The client has left, or the session is over: what still listens ends by itself."""
        if self._microphone is not None:
            self._microphone.close()
        elif self.has_begun:
            # Whatever waits is of no use any more; the end must get in.
            while not self._inbound.empty():
                self._inbound.get_nowait()
            self._inbound.put_nowait(None)

    async def _serve(self, session: VoiceSession) -> None:
        self.end(await session.run(self._events()))

    async def _events(self) -> AsyncGenerator[ev.Inbound]:
        while (event := await self._inbound.get()) is not None:
            yield event

    async def _forward(self, session: VoiceSession) -> None:
        async for event in session.outbox:
            await self._told(event)

    async def _listen(self, microphone: Microphone, rate_hz: int, language: Callable[[], Language | None]) -> None:
        heard = listen(
            microphone.frames(),
            self._voice.asr,
            self._voice.vad.stream(),
            config=self._voice.listen,
            language=language,
            end_of_turn=self._voice.end_of_turn,
            came_at_hz=rate_hz,
        )
        async with aclosing(heard) as events:
            async for event in events:
                await self._told(ev.Heard(event))
