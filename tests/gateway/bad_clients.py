"""Clients that are no good, for every door: what tests of deadlines and bounds share. Real sockets, narrow ones."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from pydantic import SecretStr

from gateway.channels.asterisk import AUDIOSOCKET_PORT
from gateway.config import Asterisk, Exotel, Gateway, Jambonz, Phone, Plivo, Settings, Telnyx, Twilio
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import Door
from tests.provider_doubles import (
    BASIC,
    PASSWORD,
    PLIVO_TOKEN,
    PUBLIC,
    TELNYX_PUBLIC_KEY,
    TWILIO_TOKEN,
    shape,
)

SPEED = 20
STREAMS = ("twilio", "telnyx", "plivo", "exotel", "jambonz")
SMALL_BYTES = 4096
MOST_BYTES = 400_000
"""What may wait for one client, all buffers of the connection together."""
ENDLESS = FakeTts(frames_per_character=5000)


def house(**asterisk: Any) -> House:
    return House(
        tts=ENDLESS,
        settings=Settings(
            gateway=Gateway(),
            phone=Phone(public_url=PUBLIC),
            twilio=Twilio(auth_token=SecretStr(TWILIO_TOKEN)),
            telnyx=Telnyx(public_key=TELNYX_PUBLIC_KEY),
            plivo=Plivo(auth_token=SecretStr(PLIVO_TOKEN)),
            exotel=Exotel(password=SecretStr(PASSWORD)),
            jambonz=Jambonz(password=SecretStr(PASSWORD)),
            asterisk=Asterisk(password=SecretStr(PASSWORD), **asterisk),
        ),
    )


def narrow(info: Any) -> socket.socket:
    """A socket that holds next to nothing for a reader who is away."""
    made = socket.socket(info[0], info[1], info[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
    return made


@asynccontextmanager
async def narrow_client(door: Door) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(socket_factory=narrow)
    async with aiohttp.ClientSession(door.url, connector=connector) as client:
        yield client


async def started(client: aiohttp.ClientSession, name: str, given: dict[str, str]) -> aiohttp.ClientWebSocketResponse:
    """A stream that has begun."""
    headers = BASIC if name in {"exotel", "jambonz"} else {}
    opened = await client.ws_connect(f"/v1/{name}/media", headers=headers)
    for frame in shape(name).start(given):
        await opened.send_str(json.dumps(frame))
    return opened


Sound = Callable[[int], dict[str, Any] | bytes]


async def talking(opened: aiohttp.ClientWebSocketResponse, frame: Sound) -> None:
    """The caller's silence in real time, for as long as the socket is open: the line is not dead, only deaf."""
    number = 0
    with suppress(ConnectionError):
        while True:
            sound = frame(number)
            await (opened.send_bytes(sound) if isinstance(sound, bytes) else opened.send_str(json.dumps(sound)))
            number += 1
            await asyncio.sleep(0.1)


@asynccontextmanager
async def audiosocket(door: Door) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A line whose call was announced."""
    async with door.client.post("/v1/asterisk/calls", data={"from": "1"}, headers=BASIC) as response:
        call = uuid.UUID(await response.text())
    port = door.client.server.app[AUDIOSOCKET_PORT][0]  # type: ignore[attr-defined]
    made = narrow((socket.AF_INET, socket.SOCK_STREAM, 0))
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=made, limit=SMALL_BYTES)
    writer.write(b"\x01\x00\x10" + call.bytes)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def left(door: Door) -> None:
    """Until no place is taken."""
    async with asyncio.timeout(120):
        while door.services.admission._active:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def joined(door: Door) -> None:
    """Until one is."""
    async with asyncio.timeout(30):
        while not door.services.admission._active:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
