"""Clients that say next to nothing, or too much: every door lets them go, and serves the others meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.app import make_app, make_runner
from gateway.channels.asterisk import AUDIOSOCKET_PORT
from gateway.telephony.sound_gate import SoundGate
from tests.fakes_core import House
from tests.gateway.bad_clients import (
    SPEED,
    STREAMS,
    audiosocket,
    house,
    joined,
    left,
    started,
)
from tests.gateway.channels.test_asterisk import free_port
from tests.gateway.conformance import held_to_the_document
from tests.gateway.doors import served
from tests.hurried_time import hurried
from tests.provider_doubles import (
    BASIC,
    parameters,
    shape,
)


@hurried(SPEED)
async def test_an_audiosocket_that_brings_a_byte_now_and_then_is_let_go() -> None:
    """Although our own prompts go on, which are reported as played."""
    scripted = house(audiosocket_port=await free_port())
    async with served(scripted) as door, audiosocket(door) as (reader, writer):
        writer.write(b"\x10\x01\x40" + bytes(320))
        await joined(door)
        async with asyncio.TaskGroup() as group:

            async def drip() -> None:
                with suppress(ConnectionError):
                    for byte in b"\x10\x01\x40" + bytes(320):
                        writer.write(bytes([byte]))
                        await asyncio.sleep(5)

            async def take() -> None:
                with suppress(ConnectionError):
                    while await reader.read(4096):
                        pass

            tasks = [group.create_task(drip()), group.create_task(take())]
            await left(door)
            for task in tasks:
                task.cancel()


@pytest.mark.parametrize("case", ["nothing", "chatter", "half a message"])
@pytest.mark.parametrize("name", [*STREAMS, "asterisk"])
@hurried(SPEED)
async def test_a_stream_that_never_says_whose_it_is_is_let_go(name: str, case: str) -> None:
    async with served(house()) as door:
        opened = await door.client.ws_connect(f"/v1/{name}/media", headers=BASIC)
        if case == "chatter":
            # The first object of jambonz is the call.
            words = {"asterisk": "MEDIA_XON", "jambonz": "[]"}.get(name, '{"event":"connected"}')
            await opened.send_str(words)
        elif case == "half a message":
            writer: Any = opened._writer
            await writer.send_frame(b'{"event":', 1 | 0x00)
        async with asyncio.timeout(30):
            message = await opened.receive()
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED}
        await left(door)


async def test_streams_without_a_pass_take_nobodys_place() -> None:
    scripted = house(audiosocket_port=await free_port())
    async with served(scripted) as door:
        strangers = [await door.client.ws_connect("/v1/twilio/media") for _ in range(6)]
        port = door.client.server.app[AUDIOSOCKET_PORT][0]  # type: ignore[attr-defined]
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
        opened = await started(door.client, "twilio", await parameters(door.client, "twilio"))
        await joined(door)
        assert not door.services.admission.full
        for socket_ in (*strangers, opened):
            await socket_.close()
        for _, writer in lines:
            writer.close()


@pytest.mark.parametrize("name", [*STREAMS])
@hurried(SPEED)
async def test_a_stream_that_falls_silent_is_let_go(name: str) -> None:
    async with served(house()) as door:
        opened = await started(door.client, name, await parameters(door.client, name))
        await joined(door)
        async with asyncio.timeout(120):
            async for _ in opened:
                pass
        await left(door)


@pytest.mark.parametrize("name", [*STREAMS])
async def test_a_stream_far_faster_than_speech_is_cut_off_and_others_are_served(name: str) -> None:
    scripted = house()
    async with served(scripted) as door:
        form = shape(name)
        opened = await started(door.client, name, await parameters(door.client, name))
        other = await door.started()
        with suppress(ConnectionError):
            for number in range(5000):
                sound = form.media(number, form.silence)
                await (opened.send_bytes(sound) if isinstance(sound, bytes) else opened.send_str(json.dumps(sound)))
        async with asyncio.timeout(10):
            async for _ in opened:
                pass
        assert opened.close_code in {1000, 1006}
        await other.send(type="ping", t=1)
        await other.until("pong")
        await other.raw.close()
    assert scripted.metrics.errors.labels("flood")._value.get() == 1
    assert scripted.metrics.dropped_audio._value.get() > 60


@asynccontextmanager
async def connected(scripted: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a gateway as ``kefu serve`` runs it."""
    async with asyncio.TaskGroup() as background:
        app = make_app(scripted.services(scripted.core(background)))
        runner = make_runner(app, 1)
        with held_to_the_document(app):
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
            try:
                yield reader, writer
            finally:
                writer.transport.abort()
                await runner.cleanup()


@pytest.mark.parametrize("first", [b"", b"GET /v1/twilio/me"])
@hurried(SPEED * 2)
async def test_a_connection_that_asks_nothing_is_closed(first: bytes) -> None:
    async with connected(house()) as (reader, writer):
        writer.write(first)
        async with asyncio.timeout(100):
            assert await reader.read() == b""


@hurried(SPEED)
async def test_a_body_that_stops_coming_is_answered_408() -> None:
    async with connected(house()) as (reader, writer):
        writer.write(b"POST /v1/message HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 100\r\n\r\n{")
        async with asyncio.timeout(30):
            assert b" 408 " in await reader.readline()


@hurried(SPEED)
async def test_a_body_that_comes_slowly_but_steadily_is_read() -> None:
    text = json.dumps({"text": "你好", "padding": "x" * 60_000}).encode()
    async with connected(house()) as (reader, writer):
        writer.write(b"POST /v1/message HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(text))
        for at in range(0, len(text), 2000):
            writer.write(text[at : at + 2000])
            await asyncio.sleep(1)
        assert b" 200 " in await reader.readline()


def test_sound_runs_ten_seconds_ahead_of_the_clock_at_most() -> None:
    now = 0.0
    gate = SoundGate(lambda: now)
    assert [gate.takes(5000), gate.takes(5000), gate.takes(20)] == [True, True, False]
    now = 1.0
    assert gate.takes(1000)
    assert not gate.takes(20)
    now = 100.0
    assert gate.takes(10_000)
    assert not gate.is_flooded
    for _ in range(3100):
        gate.takes(20)
    assert gate.is_flooded
