"""Both systems' WebSocket bytes, made and read without a library: RFC 6455 frames and the audio messages in them."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.bench.media.script import ANSWER_HZ, MICROPHONE_HZ

System = Literal["kefu", "pipecat"]
_MASK = b"\x37\xfa\x21\x3d"
_TEXT, _BINARY, _PING = 1, 2, 9


def masked(payload: bytes, *, text: bool = False) -> bytes:
    """A client's frame."""
    head = bytes([0x80 | (_TEXT if text else _BINARY)])
    size = len(payload)
    head += bytes([0x80 | size]) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    key = (_MASK * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + _MASK + mixed.to_bytes(size, "big")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def microphone_message(system: System, pcm: bytes) -> bytes:
    """One frame of audio as the system wants it, masked."""
    if system == "kefu":
        return masked(pcm)
    # Frame.audio = 2 { audio = 3, sample_rate = 4, num_channels = 5 }
    audio = b"\x1a" + _varint(len(pcm)) + pcm + b"\x20" + _varint(MICROPHONE_HZ) + b"\x28\x01"
    return masked(b"\x12" + _varint(len(audio)) + audio)


def played_message(turn_id: int, ms: float) -> bytes:
    """What Kefu's client reports every 250 ms while it plays."""
    return masked(json.dumps({"type": "played", "turn_id": turn_id, "ms": round(ms)}).encode(), text=True)


@dataclass(frozen=True, slots=True)
class Audio:
    """Answer audio of one message."""

    turn_id: int
    """0 where the system names no turns."""
    ms: float


def opened(system: System, port: int) -> socket.socket:
    """A call that the server is ready to serve: connected, upgraded, started."""
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    path = "/v1/voice" if system == "kefu" else "/"
    protocol = "Sec-WebSocket-Protocol: kefu.v1\r\n" if system == "kefu" else ""
    key = base64.b64encode(os.urandom(16)).decode()
    line.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n".encode()
    )
    data = bytearray()
    while b"\r\n\r\n" not in data:
        data += _more(line)
    if b" 101 " not in data.split(b"\r\n", 1)[0]:
        raise ConnectionError(f"no upgrade: {bytes(data[:200])!r}")
    if system == "kefu":
        start = {"type": "start", "version": 1, "rate_hz": MICROPHONE_HZ, "output_rate_hz": ANSWER_HZ, "greet": False}
        line.sendall(masked(json.dumps(start).encode(), text=True))
    while b"ready" not in data:
        data += _more(line)
    line.setblocking(False)
    return line


def _more(line: socket.socket) -> bytes:
    chunk = line.recv(4096)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk


def messages(system: System, data: bytearray) -> Iterator[Audio]:
    """Take whole frames off ``data``; answer audio is yielded, the rest skipped."""
    at = 0
    while len(data) - at >= 2:
        opcode, size, head = data[at] & 15, data[at + 1] & 127, 2
        if size == 126:
            if len(data) - at < 4:
                break
            size, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        elif size == 127:
            if len(data) - at < 10:
                break
            size, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
        if len(data) - at < head + size:
            break
        if opcode == _BINARY:
            yield _audio(system, data, at + head, size)
        at += head + size
    del data[:at]


def _audio(system: System, data: bytearray, at: int, size: int) -> Audio:
    if system == "kefu":
        return Audio(int.from_bytes(data[at : at + 4], "little"), (size - 8) * 500 / ANSWER_HZ)
    # Frame { audio = 2 { id = 1, name = 2, audio = 3, ... } }: go to field 3 of field 2.
    end = at + size
    tag, at = _read(data, at)
    _, at = _read(data, at)
    if tag != 0x12:
        return Audio(0, 0)
    while at < end:
        tag, at = _read(data, at)
        value, at = _read(data, at)
        if tag == 0x1A:
            return Audio(0, value * 500 / ANSWER_HZ)
        if tag & 7 == 2:
            at += value
    return Audio(0, 0)


def _read(data: bytearray, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
