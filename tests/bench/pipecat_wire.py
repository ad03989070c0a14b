"""pipecat's WebSocket messages, the few that a customer needs: ``pipecat/frames/frames.proto``, protobuf by hand.

``Frame`` is a oneof: 2 audio {3 bytes, 4 rate, 5 channels}, 4 message {1 JSON}, 5 interruption {}. Pure; the product
and this benchmark's client do without pipecat's packages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_VARINT, _BYTES = 0, 2
_AUDIO, _MESSAGE, _INTERRUPTION = 2, 4, 5

INTERRUPTION = bytes([_INTERRUPTION << 3 | _BYTES, 0])
"""A frame that interrupts the bot, either way."""


@dataclass(frozen=True, slots=True)
class Audio:
    """s16le, mono."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON message of the transport."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Interruption:
    """What has been sent is not to be played."""


def encode_audio(pcm: bytes, rate_hz: int) -> bytes:
    """A frame of microphone audio."""
    body = b"\x1a" + _varint(len(pcm)) + pcm + b"\x20" + _varint(rate_hz) + b"\x28\x01"
    return bytes([_AUDIO << 3 | _BYTES]) + _varint(len(body)) + body


def decode(data: bytes) -> Audio | Message | Interruption | None:
    """A frame of the bot; None for one that a customer has no use for. Raises ``ValueError`` when it is none."""
    for kind, body in _fields(data):
        if not isinstance(body, bytes):
            raise ValueError("a pipecat frame holds a message")
        match kind:
            case 2:
                fields = dict(_fields(body))
                return Audio(bytes(fields.get(3, b"")), int(fields.get(4, 0)))
            case 4:
                return Message(json.loads(dict(_fields(body)).get(1, b"{}")))
            case 5:
                return Interruption()
    return None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, value) of each field: int, or bytes. Raises ``ValueError`` at the end of a cut message."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == _BYTES:
            if at + value > len(data):
                raise ValueError("the message is cut")
            yield key >> 3, data[at : at + value]
            at += value
        elif key & 7 == _VARINT:
            yield key >> 3, value
        else:
            raise ValueError(f"wire type {key & 7} is not used by pipecat's frames")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("the message is cut")
