"""A provider's end of a media stream that buffers, as the vendors describe theirs: for tests of the stream channels.

Written from the protocol reference, not from a vendor's code. It plays what it gets in real time, echoes a mark when
everything before it has been played, and on a clear echoes all outstanding marks at once, as Twilio and Telnyx do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from gateway.telephony.wire import AudioFormat

Frame = dict[str, Any]
FRAME_MS = 20
ULAW = AudioFormat(8000, "ulaw")


@dataclass(frozen=True)
class Shape:
    """How one provider names things."""

    start: Callable[[dict[str, str]], list[Frame]]
    """First frames, with these custom parameters."""
    media: Callable[[int, bytes], Frame | bytes]
    """The nth 20 ms of the caller."""
    key: Callable[[str], Frame]
    echo: Callable[[str], Frame]
    payload: Callable[[Frame], bytes | None]
    """The sound of a frame that we got; binary messages are sound in any case."""
    mark: Callable[[Frame], str | None]
    is_clear: Callable[[Frame], bool]
    drop: Callable[[str], Frame] | None = None
    """What is said of a mark that was cleared; None: the same as of one that was reached."""
    format: AudioFormat = ULAW
    """Of both directions."""
    stop: Frame | None = None

    @property
    def silence(self) -> bytes:
        """20 ms of it."""
        return self.format.encoded(bytes(2 * self.format.rate_hz * FRAME_MS // 1000))


def ignored(_pcm: bytes) -> None:
    """Nobody listens."""


@dataclass
class MediaDouble:
    """Open with ``connected``."""

    socket: ClientWebSocketResponse
    shape: Shape
    frames: list[Frame] = field(default_factory=list)
    """All that came."""
    clears: int = 0
    heard_bytes: int = 0
    """What was played to the caller."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    to_say: deque[bytes] = field(default_factory=deque)
    """What the caller says next, 20 ms each; silence where nothing waits."""
    on_sound: Callable[[bytes], None] = ignored
    """Told of sound as it comes (s16le)."""
    on_clear: Callable[[], None] = lambda: None
    """Told when what was not yet played is to be forgotten."""
    _sounds: list[bytes] = field(default_factory=list)
    _number: int = 0
    """Of the next 20 ms of the caller."""
    _waiting: list[tuple[str, Any]] = field(default_factory=list)

    async def press(self, digits: str) -> None:
        for digit in digits:
            await self._send(self.shape.key(digit))

    async def hang_up(self) -> None:
        if self.shape.stop is not None:
            await self._send(self.shape.stop)
        await self.socket.close()

    @property
    def sounds(self) -> bytes:
        """All sound that came."""
        return b"".join(self._sounds)

    @property
    def marks(self) -> list[str]:
        return [name for frame in self.frames if (name := self.shape.mark(frame)) is not None]

    async def until(self, condition: Callable[[], bool], limit_s: float = 10) -> None:
        async with asyncio.timeout(limit_s):
            while not condition():  # noqa: ASYNC110 - any condition of a test
                await asyncio.sleep(0.01)

    async def speak(self, pcm: bytes) -> None:
        """The caller's next 20 ms (s16le); whoever calls this keeps time."""
        await self._media(self.shape.format.encoded(pcm))

    async def _media(self, payload: bytes) -> None:
        await self._send(self.shape.media(self._number, payload))
        self._number += 1

    async def _send(self, frame: Frame | bytes) -> None:
        with contextlib.suppress(ConnectionError):
            if isinstance(frame, bytes):
                await self.socket.send_bytes(frame)
            else:
                await self.socket.send_str(json.dumps(frame))

    async def talk(self) -> None:
        """Say what waits, or silence, in real time."""
        loop = asyncio.get_running_loop()
        began, silence = loop.time(), self.shape.silence
        while True:
            await self._media(self.to_say.popleft() if self.to_say else silence)
            await asyncio.sleep(max(0.0, began + self._number * FRAME_MS / 1000 - loop.time()))

    async def listen(self) -> None:
        """Take what comes until the socket closes."""
        async for message in self.socket:
            if message.type is WSMsgType.BINARY:
                self._hear(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._take(json.loads(message.data))
            else:
                break
        self.closed.set()

    async def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if (payload := self.shape.payload(frame)) is not None:
            self._hear(payload)
        elif (name := self.shape.mark(frame)) is not None:
            self._waiting.append(("mark", name))
        elif self.shape.is_clear(frame):
            self.clears += 1
            self.on_clear()
            marks = [name for kind, name in self._waiting if kind == "mark"]
            self._waiting.clear()
            for name in marks:
                await self._send((self.shape.drop or self.shape.echo)(name))

    def _hear(self, payload: bytes) -> None:
        self._sounds.append(payload)
        self._waiting.append(("sound", len(payload)))
        self.on_sound(self.shape.format.decoded(payload))

    async def play(self) -> None:
        """Play what came, in real time, and echo the marks in it."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                await asyncio.sleep(0.005)
                continue
            kind, value = self._waiting.pop(0)
            if kind == "mark":
                await self._send(self.shape.echo(value))
                continue
            until = loop.time() + value / self.shape.format.bytes_per_ms / 1000
            cleared = self.clears
            while loop.time() < until and self.clears == cleared:  # noqa: ASYNC110 - a clear cuts it short
                await asyncio.sleep(0.005)
            self.heard_bytes += value if self.clears == cleared else 0


@asynccontextmanager
async def connected(
    socket: ClientWebSocketResponse, shape: Shape, parameters: dict[str, str], *, talks: bool = True
) -> AsyncIterator[MediaDouble]:
    """A stream that has started, the caller silent. ``talks`` false: the caller's sound comes by ``speak`` alone."""
    double = MediaDouble(socket, shape)
    for frame in shape.start(parameters):
        await double._send(frame)
    async with asyncio.TaskGroup() as group:
        parts = [double.listen, double.play, *([double.talk] if talks else [])]
        tasks = [group.create_task(part()) for part in parts]
        try:
            yield double
        finally:
            for task in tasks:
                task.cancel()
            await socket.close()
