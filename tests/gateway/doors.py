"""A real gateway on a port of its own, its answers scripted: what clients of every channel talk to in tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from gateway.app import make_app
from gateway.channels.web_codec import AUDIO_HEADER, SUBPROTOCOL
from gateway.config import Gateway, Settings
from gateway.core import Core
from gateway.services import Services
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.conformance import held_to_the_document

START = {"type": "start", "version": 1, "greet": False}


def house_with(**gateway: Any) -> House:
    """A house whose ``[gateway]`` settings are these; its voice needs 20 ms for a character."""
    return House(tts=FakeTts(frames_per_character=1), settings=Settings(gateway=Gateway(**gateway)))


@dataclass(frozen=True, slots=True)
class Door:
    """A served gateway."""

    client: TestClient[web.Request, web.Application]
    services: Services
    core: Core

    @property
    def url(self) -> str:
        """As ``--url`` takes it."""
        return str(self.client.make_url("")).rstrip("/")

    async def token(self) -> str:
        """A fresh voice token."""
        async with self.client.post("/v1/token", json={}) as response:
            return str((await response.json())["token"])

    async def socket(self, token: str | None = None) -> Socket:
        """An open voice socket; nothing has been sent."""
        protocols = (SUBPROTOCOL, f"bearer.{token or await self.token()}")
        return Socket(await self.client.ws_connect("/v1/voice", protocols=protocols))

    async def started(self, **start: Any) -> Socket:
        """An open session."""
        socket = await self.socket()
        await socket.send(**{**START, **start})
        assert (await socket.next())["type"] == "ready"
        return socket


class Socket:
    """The customer's end of a voice socket. Binary frames are read as messages of type ``audio``."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.raw = socket
        self.received: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.raw.close()

    async def send(self, **message: Any) -> None:
        await self.raw.send_str(json.dumps(message, ensure_ascii=False))

    async def next(self) -> dict[str, Any]:
        """The next message; ``{"type": "close", "code"}`` when the socket was closed."""
        frame = await self.raw.receive(timeout=10)
        message: dict[str, Any]
        if frame.type is WSMsgType.TEXT:
            message = json.loads(frame.data)
        elif frame.type is WSMsgType.BINARY:
            turn_id, sentence = AUDIO_HEADER.unpack_from(frame.data)
            message = {
                "type": "audio",
                "turn_id": turn_id,
                "sentence": sentence,
                "pcm": frame.data[AUDIO_HEADER.size :],
            }
        else:
            message = {"type": "close", "code": self.raw.close_code}
        self.received.append(message)
        return message

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Messages up to and with the first of ``kind``."""
        messages = [await self.next()]
        while messages[-1]["type"] != kind:
            assert messages[-1]["type"] != "close", f"closed before {kind!r}: {messages}"
            messages.append(await self.next())
        return messages


@asynccontextmanager
async def served(house: House | None = None, **changes: Any) -> AsyncIterator[Door]:
    """Serve ``house`` on a free port. ``changes``: fields of ``Services`` to replace.

    Every answer is held to the OpenAPI document.
    """
    house = house or house_with()
    async with asyncio.TaskGroup() as background:
        core = house.core(background)
        services = replace(house.services(core), **changes)
        app = make_app(services)
        with held_to_the_document(app):
            async with TestClient(TestServer(app), timeout=None) as client:
                yield Door(client, services, core)


def active(door: Door) -> float | None:
    """Voice sessions now."""
    return door.services.metrics.registry.get_sample_value("kefu_active_sessions")


async def eventually(happens: Callable[[], object]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(10):
        while not happens():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
