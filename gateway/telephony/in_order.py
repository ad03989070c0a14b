"""Sound that may arrive out of order goes on in order: a few runs wait for one that is late. Pure.

chunk   1 2 4 5 3 6     ->   1 2 (4 5 wait) 3 4 5 6;  when too many wait, the missing one is given up
"""

from __future__ import annotations

from gateway.telephony.wire import MediaIn

_MOST_WAITING = 5


class InOrder:
    """``push`` each run with its number."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, MediaIn] = {}

    def push(self, number: int | None, media: MediaIn) -> list[MediaIn]:
        """What can go on now. A run without a number goes on at once; one that comes too late, or twice, is dropped."""
        if number is None:
            return [media]
        if self._next is None:
            self._next = number
        if number < self._next:
            return []
        self._waiting[number] = media
        if self._next not in self._waiting and len(self._waiting) > _MOST_WAITING:
            self._next = min(self._waiting)
        ready = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        return ready
