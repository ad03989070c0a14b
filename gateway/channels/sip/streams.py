"""SIP over TCP (RFC 3261 section 18.3): messages framed by their Content-Length, each connection bounded.

    connection --header--> Content-Length --body--> arrived(data, address, stream)
        two line ends: asked whether we live, one is the answer (RFC 5626 section 4.4.1)

A peer that sends too much, begins a message and does not finish it, or does not read is let go.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

Address = tuple[str, int]
_MAX_HEADER, _MAX_BODY = 16_384, 16_384
_MAX_UNREAD = 262_144
_MAX_CONNECTIONS = 256
_IDLE_S = 900.0
"""Keeps a trunk's connection between calls; phones ping every two minutes or so."""
_MESSAGE_S = 10.0
"""From the first byte of a message to its last."""
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Stream:
    """One connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Write; a peer who does not read is let go. Nothing when it is closed."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > _MAX_UNREAD:
            self._writer.transport.abort()
            return
        self._writer.write(data)

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


class Streams:
    """The TCP port. ``open`` once, ``close`` once."""

    def __init__(self, arrived: Callable[[bytes, Address, Stream], None], lets_in: Callable[[str], bool]) -> None:
        """``arrived`` gets each message; ``lets_in`` tells which hosts may connect."""
        self._arrived = arrived
        self._lets_in = lets_in
        self._server: asyncio.Server | None = None
        self._open: dict[Address, Stream] = {}

    async def open(self, host: str, port: int) -> None:
        """Bind. Raises ``OSError``."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_HEADER)

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for stream in list(self._open.values()):
            stream.close()
        while self._open:  # noqa: ASYNC110 - each ends by itself once its socket is closed
            await asyncio.sleep(0.005)

    def find(self, address: Address) -> Stream | None:
        """The connection with ``address``."""
        return self._open.get(address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = (str(peer[0]), int(peer[1])) if peer else ("", 0)
        stream = Stream(writer)
        if len(self._open) >= _MAX_CONNECTIONS or not self._lets_in(address[0]):
            stream.close()
            return
        self._open[address] = stream
        try:
            while (data := await _message(reader)) is not None:
                if data:
                    self._arrived(data, address, stream)
                else:
                    stream.send(b"\r\n")
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass
        finally:
            self._open.pop(address, None)
            stream.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """The next message; b"" for a ping, None when no more can be read of this connection.

    Raises ``TimeoutError``, ``EOFError`` (``IncompleteReadError``), ``OSError``, ``LimitOverrunError``.
    """
    line_ends = 0
    async with asyncio.timeout(_IDLE_S):
        while (first := await reader.readexactly(1)) in b"\r\n":
            line_ends += first == b"\n"
            if line_ends == 2:
                return b""
    async with asyncio.timeout(_MESSAGE_S):
        head = first + await reader.readuntil(_END)
        lengths = _LENGTH.findall(head)
        if len(lengths) != 1 or int(lengths[0]) > _MAX_BODY:
            return None
        return head + await reader.readexactly(int(lengths[0]))
