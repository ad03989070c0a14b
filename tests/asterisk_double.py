"""Asterisk's side of chan_websocket and AudioSocket, written from the protocol reference (not from Asterisk itself)."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from speech import g711
from tests.media_double import ignored

FRAME_BYTES = 160


@dataclass
class ChannelDouble:
    """One chan_websocket channel (ulaw): plays 20 ms at a time, drops tails and long commands; a flush drops marks."""

    socket: ClientWebSocketResponse
    is_json: bool
    queue: list[bytes | str] = field(default_factory=list)
    """Frames, and marks as text."""
    played: bytearray = field(default_factory=bytearray)
    errors: list[str] = field(default_factory=list)
    flushes: int = 0
    to_say: deque[bytes] = field(default_factory=deque)
    """What the caller says next, 20 ms each; silence where nothing waits."""
    on_sound: Callable[[bytes], None] = ignored
    """Told of sound as it comes (s16le)."""
    on_clear: Callable[[], None] = lambda: None
    """Told when what was not yet played is to be forgotten."""
    talks: bool = True
    """Speaks by itself; else its sound comes by ``speak`` alone."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        fields = {"connection_id": "m-1", "channel": "WebSocket/x/0", "channel_id": "170.1", "format": "ulaw"}
        if self.is_json:
            event = {"event": "MEDIA_START", **fields, "optimal_frame_size": 160, "ptime": 20, "channel_variables": {}}
            await self.socket.send_str(json.dumps(event))
        else:
            words = " ".join(f"{name}:{value}" for name, value in fields.items())
            await self.socket.send_str(f"MEDIA_START {words} optimal_frame_size:160 ptime:20")

    async def press(self, digits: str) -> None:
        for digit in digits:
            await self._event("DTMF_END", digit=digit, channel_id="170.1")

    async def _event(self, name: str, **fields: str) -> None:
        if self.is_json:
            await self.socket.send_str(json.dumps({"event": name, **fields}))
        elif name == "DTMF_END":
            await self.socket.send_str(f"DTMF_END digit:{fields['digit']} channel_id:{fields['channel_id']}")
        else:
            await self.socket.send_str(f"{name} {fields['correlation_id']}")

    async def speak(self, pcm: bytes) -> None:
        """The caller's next 20 ms (s16le); whoever calls this keeps time."""
        await self.socket.send_bytes(g711.encode(pcm, "ulaw"))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(self._tick())
            async for message in self.socket:
                if message.type is WSMsgType.BINARY:
                    self._queue(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._command(message.data)
                else:
                    break
            ticking.cancel()
            self.hung_up.set()

    def _queue(self, data: bytes) -> None:
        self.on_sound(g711.decode(data, "ulaw"))
        if len(data) > 65_500:
            self.errors.append("a message is too long")
        if len(data) % FRAME_BYTES:
            self.errors.append("a tail was dropped")
        self.queue += [data[at : at + FRAME_BYTES] for at in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES)]
        if len(self.queue) > 1000:
            self.errors.append("the queue is full")

    def _command(self, text: str) -> None:
        if len(text.encode()) > 128 or text.startswith("{") != self.is_json:
            self.errors.append(f"command discarded: {text}")
            return
        frame: dict[str, Any] = (
            json.loads(text) if self.is_json else dict(zip(["command", "id"], text.split(" "), strict=False))
        )
        match frame["command"]:
            case "MARK_MEDIA":
                self.queue.append(str(frame.get("correlation_id") or frame.get("id") or ""))
            case "FLUSH_MEDIA":
                self.queue.clear()
                self.flushes += 1
                self.on_clear()
            case "HANGUP":
                self.hung_up.set()
            case other:
                self.errors.append(f"unknown command {other}")

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self.talks:
                await self.socket.send_bytes(self.to_say.popleft() if self.to_say else b"\xff" * FRAME_BYTES)
            while self.queue and isinstance(self.queue[0], str):
                await self._event("MEDIA_MARK_PROCESSED", channel_id="170.1", correlation_id=str(self.queue.pop(0)))
            if self.queue:
                self.played += bytes(self.queue.pop(0))  # type: ignore[arg-type]
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))


@dataclass
class AudioSocketDouble:
    """The dialplan application ``AudioSocket``: plays what comes at once, and is strict about what may come."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: bytearray = field(default_factory=bytearray)
    arrivals_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    to_say: deque[bytes] = field(default_factory=deque)
    on_sound: Callable[[bytes], None] = ignored
    talks: bool = True
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, kind: int, payload: bytes = b"") -> None:
        self.writer.write(bytes([kind]) + len(payload).to_bytes(2, "big") + payload)

    def press(self, digits: str) -> None:
        for digit in digits:
            self.send(0x03, digit.encode())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            talking = group.create_task(self._talk()) if self.talks else None
            try:
                await self._listen()
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    self.errors.append("the line ended in mid-packet")
            if talking is not None:
                talking.cancel()
            self.hung_up.set()
            self.writer.close()

    async def speak(self, pcm: bytes) -> None:
        """The caller's next 20 ms (s16le); whoever calls this keeps time."""
        self.send(0x10, pcm)

    async def _listen(self) -> None:
        while True:
            header = await self.reader.readexactly(3)
            payload = await self.reader.readexactly(int.from_bytes(header[1:], "big"))
            if header[0] == 0x00:
                return
            if header[0] != 0x10 or not payload:
                self.errors.append(f"packet of kind {header[0]:#x} with {len(payload)} bytes")
                return
            self.arrivals_s.append(asyncio.get_running_loop().time())
            self.heard += payload
            self.on_sound(payload)

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.send(0x10, self.to_say.popleft() if self.to_say else bytes(320))
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))
