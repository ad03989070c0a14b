"""The bounded queue between a session and its channel. A slow reader is waited for, up to a limit, then let go.

Audio of a play that has been cleared is dropped here, also when it is put later, so that nothing stale leaves after a
barge-in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from gateway.events import AudioEnd, AudioOut, AudioStart, Caption, Clear, Outbound

_AUDIO = AudioOut | AudioStart | AudioEnd | Caption
_MAX_WAITING = 256
_SLOW_READER_S = 10.0


class SlowReader(Exception):
    """The client does not take what it is sent."""

    code = "slow_reader"


class Outbox:
    """``put`` from the session, iterate from the channel's sender. Cancelling either is safe."""

    def __init__(self) -> None:
        """Empty."""
        self._waiting: deque[Outbound] = deque()
        self._changed = asyncio.Condition()
        self._closed = False
        self._cleared_play = -1
        """The last play that was cleared; plays count up."""

    async def put(self, event: Outbound) -> None:
        """Queue an event; blocks while the client lags. Raises ``SlowReader``."""
        try:
            async with asyncio.timeout(_SLOW_READER_S), self._changed:
                await self._changed.wait_for(lambda: len(self._waiting) < _MAX_WAITING or self._closed)
                if not self._is_stale(event):
                    self._waiting.append(event)
                    self._changed.notify_all()
        except TimeoutError as error:
            raise SlowReader from error

    async def clear(self, turn_id: int, play: int) -> None:
        """Drop the audio of this play and of those before it, and tell the client to drop what it holds of this turn.

        Overtakes the queue.
        """
        async with self._changed:
            self._cleared_play = max(self._cleared_play, play)
            self._waiting = deque([Clear(turn_id), *(event for event in self._waiting if not self._is_stale(event))])
            self._changed.notify_all()

    def _is_stale(self, event: Outbound) -> bool:
        return isinstance(event, _AUDIO) and event.play <= self._cleared_play

    async def close(self) -> None:
        """Let the sender finish what waits and end."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def __aiter__(self) -> AsyncIterator[Outbound]:
        """Events in order until closed and empty."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                event = self._waiting.popleft()
                self._changed.notify_all()
            yield event
