"""A Realtime client on WebRTC: sound over tracks (Opus), the API's events over the data channel ``oai-events``.

remote track --> AudioIn --> Call.take_media        Call --> PacedLine --> our track
data channel --> frames  --> Call.run               Call --> events    --> data channel
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from gateway import events as ev
from gateway.channels.realtime.call import Call
from gateway.channels.webrtc.peer import Peer
from gateway.channels.webrtc.track import RATE_HZ

_MESSAGES_WAITING = 256
_SETTLED_S = 0.5
"""Clients send their session.update once the data channel is open; sound waits for it, and is kept meanwhile."""


class RealtimePeer(Peer):
    """``answer`` once, then ``serve`` once. Is the ``Media`` of its call."""

    label = "oai-events"
    rate_hz = RATE_HZ

    def __init__(self, ice_servers: list[Any]) -> None:
        """See ``Peer``."""
        super().__init__(ice_servers)
        self._frames: asyncio.Queue[str | bytes | None] = asyncio.Queue(_MESSAGES_WAITING + 1)

    def take(self, event: ev.Outbound) -> None:
        """Sound to be played, or dropped."""
        self._line.take(event)

    async def send(self, message: str) -> None:
        """One event of ours; a client that does not read its data channel is let go."""
        self._say(message)

    async def serve(self, call_of: Callable[[RealtimePeer], Call]) -> str | None:
        """Serve until the customer, the session or the connection ends; returns why, None: it never connected."""
        try:
            if not await self._is_connected():
                return None
            call = call_of(self)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._hear(), name="realtime-hear"),
                    group.create_task(self._pump(call), name="realtime-pump"),
                    group.create_task(self._end(), name="realtime-end"),
                ]
                reason = await call.run(self._messages())
                for task in tasks:
                    task.cancel()
            return reason
        finally:
            await self.close()

    def _on_message(self, data: str | bytes) -> None:
        if self._frames.qsize() >= _MESSAGES_WAITING:
            self.hang_up()
        else:
            self._frames.put_nowait(data)

    async def _messages(self) -> AsyncGenerator[str | bytes]:
        while (data := await self._frames.get()) is not None:
            yield data

    async def _pump(self, call: Call) -> None:
        await asyncio.sleep(_SETTLED_S)
        async for event in self._events():
            if isinstance(event, ev.AudioIn | ev.Played):
                await call.take_media(event)

    async def _end(self) -> None:
        await self._gone.wait()
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(None)
