"""A Realtime client in virtual time: one ``Call`` without a socket, frames in, its events kept with their time."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from gateway import events as ev
from gateway.channels.realtime.call import Call
from gateway.channels.realtime.config import Session, updated
from speech.audio import Resampler, pcm_from_float
from tests.fakes import audio_of
from tests.fakes_core import House

FRAME_S = 0.02


class Track:
    """``Media``: a sink at WebRTC's rate."""

    rate_hz = 48_000

    def take(self, event: ev.Outbound) -> None:
        """Nobody listens."""


class Desk:
    """The client's end."""

    def __init__(self, call_of: Callable[[Callable[[str], Awaitable[None]]], Call], track: Track | None) -> None:
        self.call = call_of(self._take)
        self.received: list[tuple[float, dict[str, Any]]] = []
        self._track = track
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()

    async def _take(self, message: str) -> None:
        self.received.append((asyncio.get_running_loop().time(), json.loads(message)))

    def send(self, **event: Any) -> None:
        self._frames.put_nowait(json.dumps(event))

    def leave(self) -> None:
        self._frames.put_nowait(None)

    async def frames(self) -> AsyncGenerator[str]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def say(self, script: str) -> None:
        """``#`` is 32 ms of sound, ``.`` of silence; in real time, in events or on the track."""
        rate_hz = self._track.rate_hz if self._track else 24_000
        to_rate = Resampler(16_000, rate_hz)
        pcm = to_rate.push(pcm_from_float(audio_of(script))) + to_rate.flush()
        step = int(rate_hz * FRAME_S) * 2
        for at in range(0, len(pcm), step):
            part = pcm[at : at + step]
            if self._track:
                await self.call.take_media(ev.AudioIn(part))
            else:
                self.send(type="input_audio_buffer.append", audio=b64encode(part).decode())
            await asyncio.sleep(FRAME_S)

    async def listen(self, seconds: float) -> None:
        await self.say(f"{round(seconds / 0.032)}.")

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for _, event in self.received if event["type"] == kind]

    def times(self, kind: str) -> list[float]:
        return [at for at, event in self.received if event["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for _, event in self.received]

    @property
    def spoken(self) -> list[str]:
        """What Kefu said, answer by answer."""
        return [event["transcript"] for event in self.of("response.output_audio_transcript.done")]

    @property
    def heard(self) -> list[str]:
        """The customer's words as the client was told of them."""
        return [event["transcript"] for event in self.of("conversation.item.input_audio_transcription.completed")]


async def at_the_desk(
    house: House, script: Callable[[Desk], Awaitable[None]], *, track: Track | None = None, **session: Any
) -> Desk:
    """Serve one client, who does as ``script`` says and leaves; the ``session`` is what its secret brought."""
    async with asyncio.TaskGroup() as background:
        core = house.core(background)
        services = house.services(core)
        voice = services.voice
        assert voice is not None
        wanted = updated(Session(), session)
        conversation = house.conversation(core)
        desk = Desk(lambda send: Call(services, voice, conversation, wanted, send, track), track)
        serving = background.create_task(desk.call.run(desk.frames()))
        await asyncio.sleep(0.1)
        await script(desk)
        desk.leave()
        await serving
    return desk
