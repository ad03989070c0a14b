"""RTP packets in order, and at once. Pure.

aiortp's buffers are a loudspeaker's: they hold every packet back, and its clocked playout drops what comes later than
the clock, 120 ms at a time. Ears need no steady clock, only order:

    arrives    1 2 4 3   5     7 8 9 (6 lost)   10
    given on   1 2   3,4 5     .  .  7,8,9      10      4 waits for 3; 6 is given up when three others wait
"""

from __future__ import annotations

from typing import Generic, TypeVar

_PATIENCE = 3
"""Packets that wait for one that is missing: 60 ms at 20 ms each."""
_RESTART = 1000
"""Numbers apart: the stream has begun anew."""
Packet = TypeVar("Packet")


class RtpOrder(Generic[Packet]):
    """One stream, by its sequence numbers (16 bits)."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, Packet] = {}

    def put(self, number: int, packet: Packet) -> list[Packet]:
        """What can be given on now. What comes too late or twice is left out."""
        ahead = 0 if self._next is None else _ahead(number, self._next)
        if self._next is None or abs(ahead) > _RESTART:
            self._next, ahead = number, 0
            self._waiting.clear()
        if ahead >= 0:
            self._waiting.setdefault(number, packet)
        if self._next not in self._waiting and len(self._waiting) >= _PATIENCE:
            self._skip()
        return self._ready()

    def flush(self) -> list[Packet]:
        """What waits, when nothing came for long."""
        given: list[Packet] = []
        while self._waiting:
            self._skip()
            given += self._ready()
        return given

    def _skip(self) -> None:
        first = self._next or 0
        self._next = min(self._waiting, key=lambda number: _ahead(number, first))

    def _ready(self) -> list[Packet]:
        given = []
        while self._next is not None and self._next in self._waiting:
            given.append(self._waiting.pop(self._next))
            self._next = (self._next + 1) & 0xFFFF
        return given


def _ahead(number: int, of: int) -> int:
    """The way between two numbers of 16 bits, whichever is shorter."""
    return (number - of + 0x8000 & 0xFFFF) - 0x8000
