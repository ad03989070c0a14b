"""Packets in order, and at once: a few wait for one that is late. Pure.

A jitter buffer is a loudspeaker's: it holds every packet back so that the sound is steady. Ears need only order:

    arrives    1 2 4 3   5     7 8 9 (6 lost)   10
    given on   1 2   3,4 5     .  .  7,8,9      10      4 waits for 3; 6 is given up when three others wait
"""

from __future__ import annotations

from typing import Generic, TypeVar

_RESTART = 1000
"""Numbers apart: the stream has begun anew."""
Packet = TypeVar("Packet")


class InOrder(Generic[Packet]):
    """One stream, by its sequence numbers, which begin again at 0 once their bits are used up."""

    def __init__(self, patience: int, *, bits: int = 16) -> None:
        """``patience``: so many wait for one that is missing, and no more, before it is given up."""
        self._patience = patience
        self._half = 1 << (bits - 1)
        self._next: int | None = None
        self._waiting: dict[int, Packet] = {}

    def put(self, number: int, packet: Packet) -> list[Packet]:
        """What can be given on now that this one came."""
        self.add(number, packet)
        given = []
        while (ready := self.take()) is not None:
            given.append(ready)
        return given

    def add(self, number: int, packet: Packet) -> None:
        """Keep this one, unless it comes too late or twice."""
        if self._next is None or abs(self._ahead(number)) > _RESTART:
            self._next = number
            self._waiting.clear()
        if self._ahead(number) >= 0:
            self._waiting.setdefault(number, packet)

    def take(self) -> Packet | None:
        """The one that can be given on now, if any."""
        if self._next in self._waiting or len(self._waiting) >= self._patience:
            return self._first()
        return None

    def flush(self) -> list[Packet]:
        """What waits, when nothing came for long."""
        return [self._first() for _ in range(len(self._waiting))]

    def _first(self) -> Packet:
        number = min(self._waiting, key=self._ahead)
        self._next = (number + 1) % (2 * self._half)
        return self._waiting.pop(number)

    def _ahead(self, number: int) -> int:
        """The way from the next number to this one, whichever is shorter."""
        return (number - (self._next or 0) + self._half) % (2 * self._half) - self._half
