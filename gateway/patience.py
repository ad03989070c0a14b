"""How long we wait for a client that does not take what it is sent, or does not send what it began to.

    send, write   a full buffer is waited for, TAKE_S at most, then: cut, ConnectionError
    close         the goodbye is waited for, CLOSE_S at most, then: cut
    minded        a body must go on coming, else 408; a request must come within IDLE_S (``gateway.app.make_runner``)

A close alone (asyncio's ``transport.close``) waits for the buffer, and so for ever for a client that reads no more; a
connection would be left for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.errors import GatewayError

TAKE_S = 10.0
"""Within which a client must take what waits for it."""
CLOSE_S = 2.0
"""For the closing handshake."""
IDLE_S = 75.0
"""Within which a request must come, its headers whole: a connection that waits costs little, but not nothing."""
_BODY_S, _BODY_BYTES = 10.0, 4096
"""So much of a body must come in so long."""


async def send(request: web.Request, socket: web.WebSocketResponse, message: str | bytes) -> None:
    """Send one message. Raises ``ConnectionError`` when the client has gone, or takes nothing (and is cut off)."""
    try:
        await _taken(request, socket.send_bytes(message) if isinstance(message, bytes) else socket.send_str(message))
    except RuntimeError as error:
        # aiohttp's word for a socket that is closed already.
        raise ConnectionResetError(str(error)) from error


async def write(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Write a piece of a streamed answer. Raises ``ConnectionError`` as ``send`` does."""
    await _taken(request, response.write(data))


async def finish(request: web.Request, response: web.StreamResponse) -> None:
    """End a streamed answer. Raises ``ConnectionError`` as ``send`` does."""
    await _taken(request, response.write_eof())


async def _taken(request: web.Request, sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(TAKE_S):
            await sending
    except TimeoutError as error:
        cut(request)
        raise SlowClient from error


async def close(request: web.Request, socket: web.WebSocketResponse, code: int, message: bytes) -> None:
    """Say goodbye; the connection is gone afterwards, whether the client took it or not."""
    if request.transport is None or request.transport.is_closing():
        return
    try:
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code=code, message=message)
    except TimeoutError:
        cut(request)
    except asyncio.CancelledError:
        cut(request)
        # aiohttp raises this too where a send was cancelled while it waited: the one future they share is cancelled.
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
    if request.transport is not None and request.transport.get_write_buffer_size():
        cut(request)


def cut(request: web.Request) -> None:
    """Drop the connection and what waits in it."""
    if request.transport is not None:
        request.transport.abort()


class SlowClient(ConnectionError):
    """The client takes nothing; it has been cut off."""

    code = "slow_reader"


class SlowBody(GatewayError):
    """The body of a request stopped coming."""

    code = "slow_body"
    status = 408


@asynccontextmanager
async def minded(request: web.Request) -> AsyncIterator[None]:
    """Around a request's handling: ends it when its body has stopped coming. Raises ``SlowBody``."""
    content, loop = request.content, asyncio.get_running_loop()
    seen_bytes = 0
    watch: asyncio.TimerHandle | None = None
    try:
        async with asyncio.timeout(None) as handling:

            def look() -> None:
                nonlocal seen_bytes, watch
                if content.is_eof():
                    return
                if content.total_bytes - seen_bytes < _BODY_BYTES:
                    handling.reschedule(loop.time())
                    return
                seen_bytes = content.total_bytes
                watch = loop.call_later(_BODY_S, look)

            if request.can_read_body:
                watch = loop.call_later(_BODY_S, look)
            try:
                yield
            finally:
                if watch is not None:
                    watch.cancel()
    except TimeoutError as error:
        if not handling.expired():
            raise
        raise SlowBody("the body of the request stopped coming") from error
