"""Packets of Asterisk's AudioSocket (TCP): one byte of kind, two of length (big-endian), the payload. Pure.

    00 hang up   01 UUID of the call, first   03 a key (ASCII)   10..18 s16le of a rate   ff an error

Asterisk takes nothing but 00 and 10 to 18 from us, and no sound of no length.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import ProtocolError

HANG_UP, CALL_ID, KEY, ERROR = 0x00, 0x01, 0x03, 0xFF
RATES_HZ: Mapping[int, int] = {
    0x10: 8_000, 0x11: 12_000, 0x12: 16_000, 0x13: 24_000, 0x14: 32_000,
    0x15: 44_100, 0x16: 48_000, 0x17: 96_000, 0x18: 192_000,
}  # fmt: skip
HEADER_BYTES = 3
_KINDS = frozenset({HANG_UP, CALL_ID, KEY, ERROR, *RATES_HZ})


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet."""

    kind: int
    payload: bytes = b""

    @property
    def rate_hz(self) -> int | None:
        """Of sound; None: no sound."""
        return RATES_HZ.get(self.kind)

    @property
    def call_id(self) -> str:
        """The UUID as text, of a packet of kind ``CALL_ID``. Raises ``ProtocolError``."""
        if self.kind != CALL_ID or len(self.payload) != 16:
            raise ProtocolError("the first packet must be the call's UUID", code="start_expected")
        return str(uuid.UUID(bytes=self.payload))

    @property
    def digit(self) -> str:
        """The key, of a packet of kind ``KEY``; empty for what is none."""
        return self.payload.decode("latin-1") if self.kind == KEY and len(self.payload) == 1 else ""


def length_of(header: bytes) -> tuple[int, int]:
    """Kind and length of what follows the three bytes of a header. Raises ``ProtocolError`` for a kind there is not."""
    kind, length = header[0], int.from_bytes(header[1:HEADER_BYTES], "big")
    if kind not in _KINDS:
        raise ProtocolError(f"a packet of kind {kind:#04x}")
    return kind, length


def encode(packet: Packet) -> bytes:
    """A packet to Asterisk. Raises ``ValueError`` for one that it would end the call for."""
    if packet.kind != HANG_UP and (packet.rate_hz is None or not 0 < len(packet.payload) < 65_536):
        raise ValueError(f"Asterisk takes no packet of kind {packet.kind:#04x} with {len(packet.payload)} bytes")
    return bytes([packet.kind]) + len(packet.payload).to_bytes(2, "big") + packet.payload


class Decoder:
    """Packets of a byte stream that is cut anywhere."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def push(self, data: bytes) -> list[Packet]:
        """Packets that are whole now. Raises ``ProtocolError``; at most one packet waits (64 KiB)."""
        self._waiting += data
        packets = []
        while len(self._waiting) >= HEADER_BYTES:
            kind, length = length_of(bytes(self._waiting[:HEADER_BYTES]))
            end = HEADER_BYTES + length
            if len(self._waiting) < end:
                break
            packets.append(Packet(kind, bytes(self._waiting[HEADER_BYTES:end])))
            del self._waiting[:end]
        return packets
