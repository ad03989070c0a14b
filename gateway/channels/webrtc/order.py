"""The customer's packets for our ears: in order, and at once. Pure.

aiortc's own buffer is a loudspeaker's: it holds four packets back (80 ms), and once one is lost it keeps up to fifteen
for the rest of the call (300 ms), by which every answer is late. Ears need no steady clock, only order:

    arrives    1 2 4 3 5     7 8 9 (6 lost)   10
    given on   1 2   3 4 (5) .  .  7           8         4 waits for 3; 6 is given up when three others wait

One packet is given on for each that comes, so what waited stays behind by as many, three at most.
"""

from __future__ import annotations

from typing import Any

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint16_gt

PATIENCE = 3
"""Packets of 20 ms that wait for one that is missing."""
_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_RESTART = 1000
"""Numbers apart: the stream has begun anew."""


class InOrder:
    """Has the method that aiortc's receiver calls on its ``JitterBuffer``. Each packet is a frame, as Opus has it."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._next: int | None = None
        self._waiting: dict[int, JitterFrame] = {}

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """The frame to be decoded now, if any; never a request for a key frame."""
        number = packet.sequence_number
        if self._next is None or self._is_far(number, self._next):
            self._next, self._waiting = number, {}
        if number == self._next or uint16_gt(number, self._next):
            self._waiting[number] = JitterFrame(packet._data, packet.timestamp)  # type: ignore[attr-defined]  # set by the receiver
        return False, self._take()

    @staticmethod
    def _is_far(number: int, expected: int) -> bool:
        return _RESTART < uint16_add(number, -expected) < (1 << 16) - _RESTART

    def _take(self) -> JitterFrame | None:
        if not self._waiting or self._next is None:
            return None
        if self._next not in self._waiting:
            if len(self._waiting) < PATIENCE:
                return None
            first = self._next
            self._next = min(self._waiting, key=lambda number: uint16_add(number, -first))
        frame = self._waiting.pop(self._next)
        self._next = uint16_add(self._next, 1)
        return frame


def hear_at_once(receiver: Any) -> None:
    """Put ``InOrder`` in the place of the buffer of an aiortc receiver of sound.

    aiortc has no way to say so. Raises ``AttributeError`` where a version of it names its buffer otherwise.
    """
    getattr(receiver, _BUFFER)
    setattr(receiver, _BUFFER, InOrder())
