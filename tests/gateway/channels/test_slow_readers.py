"""Clients that take nothing: every door lets them go and keeps no memory.

Real sockets on a clock that runs faster; how fast the gateway is does not matter, only that the end comes.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from dialogue.types import ActionRunner, Reply, Turn
from gateway.channels.web_codec import SUBPROTOCOL
from gateway.config import Gateway
from tests.fakes_core import Item
from tests.gateway.bad_clients import (
    MOST_BYTES,
    SMALL_BYTES,
    SPEED,
    STREAMS,
    Sound,
    audiosocket,
    house,
    joined,
    left,
    narrow_client,
    started,
    talking,
)
from tests.gateway.channels.test_asterisk import free_port
from tests.gateway.doors import START, Door, served
from tests.hurried_time import hurried
from tests.provider_doubles import (
    BASIC,
    parameters,
    shape,
)


class Watch:
    """The gateway's ends of the connections that were opened since ``before``."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transports: dict[int, Any] = {}
        self._before = set(self._now())
        self.most_bytes = 0
        """That waited in one of them."""

    def _now(self) -> dict[int, Any]:
        server: Any = self._door.client.server
        handlers = server.runner.server.connections
        return {id(one.transport): one.transport for one in handlers if one.transport is not None}

    async def until_gone(self) -> None:
        """Until one has been seen and none is left: no socket, no place taken."""
        while not self._transports or any(map(_is_open, self._transports.values())):
            for name, transport in self._now().items():
                if name not in self._before and name not in self._transports:
                    self._transports[name] = transport
                    sock = transport.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
            sizes = [transport.get_write_buffer_size() for transport in self._transports.values()]
            self.most_bytes = max([self.most_bytes, *sizes])
            await asyncio.sleep(0.2)
        while self._door.services.admission._active:  # noqa: ASYNC110 - the handler ends a moment later
            await asyncio.sleep(0.2)


def _is_open(transport: Any) -> bool:
    """Also one that was closed and waits for what it holds to be taken."""
    return bool(transport.get_extra_info("socket").fileno() != -1)


async def deaf(door: Door, opened: aiohttp.ClientWebSocketResponse, watch: Watch, frame: Sound) -> None:
    """A client that speaks and never reads is gone in the end, and what waited for it was bounded."""
    async with asyncio.timeout(600), asyncio.TaskGroup() as group:
        talk = group.create_task(talking(opened, frame))
        await watch.until_gone()
        talk.cancel()
    assert watch.most_bytes < MOST_BYTES


@pytest.mark.parametrize("name", STREAMS)
@hurried(SPEED)
async def test_a_provider_that_takes_nothing_is_cut_off(name: str) -> None:
    async with served(house()) as door, narrow_client(door) as client:
        form, given = shape(name), await parameters(door.client, name)
        watch = Watch(door)
        opened = await started(client, name, given)
        await deaf(door, opened, watch, lambda number: form.media(number, form.silence * 5))


@hurried(SPEED)
async def test_an_asterisk_that_takes_nothing_is_cut_off_although_it_is_not_pinged() -> None:
    async with served(house()) as door, narrow_client(door) as client:
        watch = Watch(door)
        opened = await client.ws_connect("/v1/asterisk/media?call=c7", headers=BASIC, protocols=("media",))
        await opened.send_str("MEDIA_START channel_id:170.1 format:ulaw optimal_frame_size:160 ptime:20")
        await deaf(door, opened, watch, lambda number: b"\xff" * 800)


@hurried(SPEED)
async def test_a_page_that_takes_nothing_is_cut_off() -> None:
    async with served(house()) as door, narrow_client(door) as client:
        token = await door.token()
        watch = Watch(door)
        opened = await client.ws_connect("/v1/voice", protocols=(SUBPROTOCOL, f"bearer.{token}"))
        await opened.send_str(json.dumps({**START, "greet": True}))
        await deaf(door, opened, watch, lambda number: bytes(3200))


@hurried(SPEED)
async def test_a_realtime_client_that_takes_nothing_is_cut_off() -> None:
    """It asks and asks, and reads no answer."""
    scripted = house()
    scripted.settings = scripted.settings.model_copy(update={"gateway": Gateway(require_token=False)})
    async with served(scripted) as door, narrow_client(door) as client:
        watch = Watch(door)
        opened = await client.ws_connect("/v1/realtime?model=kefu")
        await deaf(door, opened, watch, lambda number: {"type": "session.update", "session": {"type": "realtime"}})


async def read_slowly(door: Door, path: str, body: dict[str, Any]) -> None:
    """Ask for a streamed answer, and read nothing of it."""
    watch = Watch(door)
    async with asyncio.timeout(600), narrow_client(door) as client, client.post(path, json=body):
        await watch.until_gone()
    assert watch.most_bytes < MOST_BYTES


@pytest.mark.parametrize("stream", ["audio", "sse"])
@hurried(SPEED)
async def test_a_reader_of_speech_who_stops_reading_is_cut_off(stream: str) -> None:
    async with served(house()) as door:
        wanted = {"input": "您好", "model": "kefu", "response_format": "pcm", "stream_format": stream}
        await read_slowly(door, "/v1/audio/speech", wanted)


@hurried(SPEED)
async def test_a_reader_of_a_chat_who_stops_reading_is_cut_off() -> None:
    scripted = house()

    async def endless(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        while True:
            yield Reply(turn.turn_id, "说个没完。" * 200, "zh", is_last=False)

    scripted.responder.answer = endless
    async with served(scripted) as door:
        asked = {"model": "kefu", "stream": True, "messages": [{"role": "user", "content": "你好"}]}
        await read_slowly(door, "/v1/chat/completions", asked)


@hurried(SPEED)
async def test_an_audiosocket_that_takes_nothing_is_let_go() -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"\x10\x01\x40" + bytes(320))
                await asyncio.sleep(0.02)

    async with (
        served(house(audiosocket_port=await free_port())) as door,
        audiosocket(door) as (_, writer),
        asyncio.TaskGroup() as group,
    ):
        talking = group.create_task(talk(writer))
        await joined(door)
        await left(door)
        talking.cancel()
