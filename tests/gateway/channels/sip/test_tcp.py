"""SIP over TCP: sipp's calls, and connections of bad manners."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.gateway.channels.sip.by_hand import SDP, ByHand
from tests.gateway.channels.sip.telephone import SCENARIOS, needs_sipp, sipp, telephone
from tests.gateway.doors import active, eventually
from tests.gateway.free_ports import free_udp_port

OPTIONS = (
    "OPTIONS sip:kefu@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{0}\r\n"
    "From: <sip:1@127.0.0.1>;tag=1\r\nTo: <sip:kefu@127.0.0.1>\r\nCall-ID: {0}\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


@needs_sipp
async def test_calls_of_sipp() -> None:
    async with telephone() as (door, port):
        door.services.admission._max = 20
        status, errors = await sipp(port, "-sn", "uac", "-t", "t1", "-m", "10", "-r", "10", "-d", "500")
        assert status == 0, errors
        await eventually(lambda: active(door) == 0)


@needs_sipp
@pytest.mark.parametrize("scenario", ["options", "hold", "no_offer", "malformed"])
async def test_scenarios(scenario: str) -> None:
    async with telephone() as (door, port):
        arguments = ("-sf", str(SCENARIOS / f"{scenario}.xml"), "-t", "t1", "-m", "1", "-timeout", "20")
        status, errors = await sipp(port, *arguments)
        assert status == 0, errors
        await eventually(lambda: active(door) == 0)


async def test_our_own_requests_go_back_on_the_connection_of_the_call() -> None:
    async with telephone(silent_s=0.5) as (door, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with ByHand(port) as caller:
            invite = caller.request("INVITE", SDP).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
            writer.write(invite)
            answer = await message(reader, "SIP/2.0 200")
            found = re.search(r"^To:[^\r]*(;tag=[^\r;]*)", answer, re.MULTILINE)
            assert found is not None
            caller.tag = found.group(1)
            assert ";transport=tcp>" in answer
            writer.write(caller.request("ACK", number=1).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
            bye = await message(reader, "BYE ")
            assert "Via: SIP/2.0/TCP" in bye
        writer.close()
        await eventually(lambda: active(door) == 0)


async def message(reader: asyncio.StreamReader, begins: str) -> str:
    """The next message that begins so."""
    async with asyncio.timeout(5):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"^Content-Length: *(\d+)", head, re.MULTILINE | re.IGNORECASE)
            body = await reader.readexactly(int(length.group(1)) if length else 0)
            if head.startswith(begins):
                return head + body.decode()


async def test_messages_may_come_in_pieces_and_together_and_a_ping_is_answered() -> None:
    async with telephone() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in OPTIONS.format("slow").encode():
            writer.write(bytes([byte]))
            await writer.drain()
        assert "Call-ID: slow" in await message(reader, "SIP/2.0 200")
        writer.write((OPTIONS.format("a") + "\r\n" + OPTIONS.format("b")).encode())
        assert "Call-ID: a" in await message(reader, "SIP/2.0 200")
        assert "Call-ID: b" in await message(reader, "SIP/2.0 200")
        writer.write(b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.readexactly(2) == b"\r\n"
        writer.write(OPTIONS.format("c").encode())
        assert "Call-ID: c" in await message(reader, "SIP/2.0 200")
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 40_000,
        OPTIONS.format("x").replace("Content-Length: 0", "Content-Length: 999999").encode(),
        OPTIONS.format("x").replace("Content-Length: 0", "Subject: none").encode(),
        OPTIONS.format("x").replace("Content-Length: 0", "Content-Length: 0\r\nContent-Length: 5").encode(),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_cannot_be_framed_ends_the_connection(data: bytes) -> None:
    async with telephone() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        async with asyncio.timeout(5):
            assert await closed(reader)
        writer.close()


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_who_is_not_allowed_is_not_let_in() -> None:
    async with telephone(allow=("192.0.2.0/24",)) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert await closed(reader)
        writer.close()


async def test_udp_alone() -> None:
    async with telephone(transports=("udp",)) as (_, port):
        with pytest.raises(OSError, match="111"):
            await asyncio.open_connection("127.0.0.1", port)
        assert free_udp_port() != port
