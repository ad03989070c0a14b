"""Events on their way from listening to its consumer."""

from __future__ import annotations

import asyncio
from collections import deque

from speech.types import SpeechEvent


class Outbox:
    """Putting never waits; reading frames does while ``LIMIT`` events are there, so it stays small."""

    LIMIT = 64

    def __init__(self) -> None:
        self._events: deque[SpeechEvent] = deque()
        self._woken = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, event: SpeechEvent) -> None:
        """Add an event; never blocks."""
        self._events.append(event)
        if len(self._events) >= self.LIMIT:
            self._room.clear()
        self._woken.set()

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._events

    def pop(self) -> SpeechEvent:
        """Take the oldest event."""
        self._room.set()
        return self._events.popleft()

    def wake(self) -> None:
        """Let ``woken`` return, though nothing may have come."""
        self._woken.set()

    async def woken(self) -> None:
        """Wait for an event, or for ``wake``."""
        await self._woken.wait()
        self._woken.clear()

    async def room(self) -> None:
        """Wait until the consumer has caught up."""
        await self._room.wait()
