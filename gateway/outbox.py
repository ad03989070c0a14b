"""The bounded queue between a session and its channel. A slow reader is waited for, up to a limit, then let go.

Audio of a play that has been cleared is dropped here, also when it is put later, so that nothing stale leaves after a
barge-in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace

from gateway.events import AudioEnd, AudioOut, AudioStart, Caption, Clear, Outbound

_AUDIO = AudioOut | AudioStart | AudioEnd | Caption
_MAX_WAITING = 256
_SLOW_READER_S = 10.0
_JOINED_BYTES = 9_600
"""Audio that waits together leaves as one message, up to 200 ms at 24 kHz: a message costs more than its bytes."""

_BURST = 8
"""Events that one put after another may add before the reader, and everybody else on the loop, gets a turn: a voice
that is ready at once would otherwise hold all other customers up for the whole answer."""


class SlowReader(Exception):
    """The client does not take what it is sent."""

    code = "slow_reader"


class Outbox:
    """``put`` from the session, iterate from the channel's sender. Cancelling either is safe."""

    def __init__(self) -> None:
        """Empty."""
        self._waiting: deque[Outbound] = deque()
        self._arrived = asyncio.Event()
        """Set while the reader has something to do."""
        self._room = asyncio.Event()
        """Cleared by whoever finds no room; set when there is some again."""
        self._closed = False
        self._cleared_play = -1
        """The last play that was cleared; plays count up."""

    async def put(self, event: Outbound) -> None:
        """Queue an event; blocks while the client lags. Raises ``SlowReader``."""
        if len(self._waiting) >= _BURST:
            await asyncio.sleep(0)
        if self._is_full:
            await self._wait_for_room()
        if not self._is_stale(event):
            self._waiting.append(event)
            self._arrived.set()

    @property
    def _is_full(self) -> bool:
        return len(self._waiting) >= _MAX_WAITING and not self._closed

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(_SLOW_READER_S):
                while self._is_full:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError as error:
            raise SlowReader from error

    async def clear(self, turn_id: int, play: int) -> None:
        """Drop the audio of this play and of those before it, and tell the client to drop what it holds of this turn.

        Overtakes the queue.
        """
        self._cleared_play = max(self._cleared_play, play)
        self._waiting = deque([Clear(turn_id), *(event for event in self._waiting if not self._is_stale(event))])
        self._arrived.set()
        self._room.set()

    def _is_stale(self, event: Outbound) -> bool:
        return isinstance(event, _AUDIO) and event.play <= self._cleared_play

    async def close(self) -> None:
        """Let the sender finish what waits and end."""
        self._closed = True
        self._arrived.set()
        self._room.set()

    async def __aiter__(self) -> AsyncIterator[Outbound]:
        """Events in order until closed and empty."""
        while True:
            while self._waiting:
                event = self._next()
                self._room.set()
                yield event
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def _next(self) -> Outbound:
        """The oldest event; audio together with the audio of the same sentence that waits right behind it."""
        event = self._waiting.popleft()
        if not isinstance(event, AudioOut):
            return event
        parts, size = [event.pcm], len(event.pcm)
        while self._waiting:
            following = self._waiting[0]
            if not isinstance(following, AudioOut) or not _continues(event, following):
                break
            size += len(following.pcm)
            if size > _JOINED_BYTES:
                break
            parts.append(following.pcm)
            self._waiting.popleft()
        return event if len(parts) == 1 else replace(event, pcm=b"".join(parts))


def _continues(event: AudioOut, following: AudioOut) -> bool:
    return (event.turn_id, event.sentence, event.play) == (following.turn_id, following.sentence, following.play)
