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

Frame = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """How one provider names things."""

    start: Callable[[dict[str, str]], list[Frame]]
    """First frames, with these custom parameters."""
    media: Callable[[int, bytes], Frame]
    """The nth 20 ms of the caller."""
    key: Callable[[str], Frame]
    echo: Callable[[str], Frame]
    payload: Callable[[Frame], bytes | None]
    """The sound of a frame that we got."""
    mark: Callable[[Frame], str | None]
    is_clear: Callable[[Frame], bool]
    silence: bytes = b"\xff" * 160
    bytes_per_s: int = 8000
    stop: Frame | None = None


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
    sounded_s: list[float] = field(default_factory=list)
    """When each run of audible sound came, on the loop's clock."""
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
        return b"".join(self.shape.payload(frame) or b"" for frame in self.frames)

    @property
    def marks(self) -> list[str]:
        return [name for frame in self.frames if (name := self.shape.mark(frame)) is not None]

    async def until(self, condition: Callable[[], bool], limit_s: float = 10) -> None:
        async with asyncio.timeout(limit_s):
            while not condition():  # noqa: ASYNC110 - any condition of a test
                await asyncio.sleep(0.01)

    async def _send(self, frame: Frame) -> None:
        with contextlib.suppress(ConnectionError):
            await self.socket.send_str(json.dumps(frame))

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        while True:
            await self._send(self.shape.media(number, self.to_say.popleft() if self.to_say else self.shape.silence))
            number += 1
            await asyncio.sleep(max(0.0, began + number * 0.02 - loop.time()))

    async def _listen(self) -> None:
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            self.frames.append(frame)
            if (payload := self.shape.payload(frame)) is not None:
                self._waiting.append(("sound", len(payload)))
                if payload.strip(self.shape.silence[:1]):
                    self.sounded_s.append(asyncio.get_running_loop().time())
            elif (name := self.shape.mark(frame)) is not None:
                self._waiting.append(("mark", name))
            elif self.shape.is_clear(frame):
                self.clears += 1
                marks = [name for kind, name in self._waiting if kind == "mark"]
                self._waiting.clear()
                for name in marks:
                    await self._send(self.shape.echo(name))
        self.closed.set()

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                await asyncio.sleep(0.005)
                continue
            kind, value = self._waiting.pop(0)
            if kind == "mark":
                await self._send(self.shape.echo(value))
                continue
            until = loop.time() + value / self.shape.bytes_per_s
            cleared = self.clears
            while loop.time() < until and self.clears == cleared:  # noqa: ASYNC110 - a clear cuts it short
                await asyncio.sleep(0.005)
            self.heard_bytes += value if self.clears == cleared else 0


@asynccontextmanager
async def connected(
    socket: ClientWebSocketResponse, shape: Shape, parameters: dict[str, str]
) -> AsyncIterator[MediaDouble]:
    """A stream that has started, the caller silent."""
    double = MediaDouble(socket, shape)
    for frame in shape.start(parameters):
        await double._send(frame)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in (double._talk(), double._listen(), double._play())]
        try:
            yield double
        finally:
            for task in tasks:
                task.cancel()
            await socket.close()
