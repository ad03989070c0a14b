"""The customer's packets for our ears: in order, and at once (``gateway.telephony.in_order``). Pure.

aiortc's own buffer is a loudspeaker's: it holds four packets back (80 ms), and once one is lost it keeps up to fifteen
for the rest of the call (300 ms), by which every answer is late. Its receiver takes one frame for each packet:

    arrives    1 2 4 3 5     7 8 9 (6 lost)   10
    given on   1 2   3 4 (5) .  .  7           8         what waited stays behind by as many, three at most
"""

from __future__ import annotations

from typing import Any

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from gateway.telephony.in_order import InOrder

PATIENCE = 3
"""Packets of 20 ms that wait for one that is missing."""
_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class FramesInOrder:
    """Has the method that aiortc's receiver calls on its ``JitterBuffer``. Each packet is a frame, as Opus has it."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._order: InOrder[JitterFrame] = InOrder(PATIENCE)

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """The frame to be decoded now, if any; never a request for a key frame."""
        frame = JitterFrame(packet._data, packet.timestamp)  # type: ignore[attr-defined]  # set by the receiver
        self._order.add(packet.sequence_number, frame)
        return False, self._order.take()


def hear_at_once(receiver: Any) -> None:
    """Put ``FramesInOrder`` in the place of the buffer of an aiortc receiver of sound.

    aiortc has no way to say so. Raises ``AttributeError`` where a version of it names its buffer otherwise.
    """
    getattr(receiver, _BUFFER)
    setattr(receiver, _BUFFER, FramesInOrder())
