"""Requests within a call, and those that only say they are."""

from __future__ import annotations

import asyncio
import re
import socket
import struct

import numpy as np
import pytest

from speech import g711
from tests.gateway.channels.sip.by_hand import SDP, ByHand
from tests.gateway.channels.sip.telephone import telephone
from tests.gateway.doors import active, eventually, house_with

G729 = SDP.replace("RTP/AVP 8 101", "RTP/AVP 18").replace("a=rtpmap:8 PCMA/8000", "a=rtpmap:18 G729/8000")


@pytest.mark.parametrize(
    ("kind", "bodies"),
    [
        ("application/dtmf-relay", ["Signal=5\r\nDuration=160\r\n", "Signal= #\r\nDuration= 160\r\n"]),
        ("application/dtmf", ["5", "#"]),
    ],
)
async def test_keys_by_info(kind: str, bodies: list[str]) -> None:
    house = house_with()
    async with telephone(house) as (_, port):
        with ByHand(port) as caller:
            await caller.call()
            for body in bodies:
                assert (await caller.ask("INFO", body, kind)).startswith("SIP/2.0 200")
            await eventually(lambda: house.responder.turns)
            assert house.responder.turns[-1].text == "5"
            assert (await caller.ask("INFO", "<media_control/>", "application/media_control+xml")).startswith(
                "SIP/2.0 415"
            )
            assert (await caller.ask("INFO")).startswith("SIP/2.0 200")
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


async def test_hold_by_update() -> None:
    async with telephone() as (door, port):
        with ByHand(port) as caller:
            first = await caller.call()
            held = await caller.ask("UPDATE", SDP + "a=sendonly\r\n")
            assert held.startswith("SIP/2.0 200")
            assert "a=recvonly\r\n" in held
            refreshed = await caller.ask("UPDATE")
            assert refreshed.startswith("SIP/2.0 200")
            assert "v=0" not in refreshed
            back = await caller.ask("UPDATE", SDP)
            assert "a=sendrecv\r\n" in back
            names = [re.search(r"o=- (\d+) (\d+)", answer) for answer in (first, held, back)]
            assert len({name.group(1) for name in names if name}) == 1
            assert [name.group(2) for name in names if name] == ["1", "2", "3"]
            assert (await caller.ask("UPDATE", G729)).startswith("SIP/2.0 488")
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")
        await eventually(lambda: active(door) == 0)


@pytest.mark.parametrize("direction", ["sendonly", "sendrecv"])
async def test_music_on_hold_is_not_listened_to(direction: str) -> None:
    house = house_with()
    async with telephone(house) as (_, port):
        with ByHand(port) as caller, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as music:
            await caller.call()
            answer = await caller.ask("INVITE", f"{SDP}a={direction}\r\n")
            found = re.search(r"^m=audio (\d+)", answer, re.MULTILINE)
            assert found is not None
            loud = np.full(160, 20_000, "<i2") * np.sign(np.sin(np.arange(160) / 6)).astype("<i2")
            for number in range(100):
                payload = g711.encode((loud if number < 50 else loud * 0).tobytes(), "alaw")
                packet = struct.pack("!BBHII", 0x80, 8, number, number * 160, 7) + payload
                music.sendto(packet, ("127.0.0.1", int(found.group(1))))
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            assert bool(house.responder.turns) == (direction == "sendrecv")
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


async def test_a_new_offer_that_cannot_be_taken_leaves_the_call_as_it_was() -> None:
    async with telephone() as (door, port):
        with ByHand(port) as caller:
            await caller.call()
            assert (await caller.ask("INVITE", G729)).startswith("SIP/2.0 488")
            assert (await caller.ask("INVITE", SDP)).startswith("SIP/2.0 200")
            assert active(door) == 1
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


async def test_a_second_invite_for_a_call_that_is_there_makes_no_second_call() -> None:
    async with telephone() as (door, port):
        with ByHand(port) as caller, ByHand(port) as thief:
            await caller.call()
            assert (await thief.ask("INVITE", SDP)).startswith("SIP/2.0 482")
            thief.tag = ";tag=guessed"
            assert (await thief.ask("BYE")).startswith("SIP/2.0 481")
            assert (await thief.ask("INFO", "Signal=1", "application/dtmf-relay")).startswith("SIP/2.0 481")
            assert active(door) == 1
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


async def test_an_invite_within_a_call_that_is_not_there_begins_none() -> None:
    async with telephone() as (door, port):
        with ByHand(port) as caller:
            caller.tag = ";tag=of-a-gateway-that-was-started-again"
            assert (await caller.ask("INVITE", SDP)).startswith("SIP/2.0 481")
            assert not active(door)
            caller.tag = ""
            await caller.call()
            assert active(door) == 1
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


@pytest.mark.parametrize("body", [SDP.replace("40000", "many"), SDP.replace("a=rtpmap:8", "a=rtpmap:x"), "v=none"])
async def test_an_offer_that_cannot_be_read_is_answered(body: str) -> None:
    async with telephone() as (_, port):
        with ByHand(port) as caller:
            assert (await caller.ask("INVITE", body)).startswith("SIP/2.0 400")
            caller.call_id = "another"
            await caller.call()
            assert (await caller.ask("BYE")).startswith("SIP/2.0 200")


async def test_our_bye_is_sent_until_it_is_answered() -> None:
    async with telephone(silent_s=0.5) as (door, port):
        with ByHand(port) as caller:
            await caller.call()
            first = await caller.next("BYE ")
            again = await caller.next("BYE ")
            assert first == again
            answer = re.sub(r"^BYE [^\r]*", "SIP/2.0 200 OK", first)
            caller.send(answer.encode())
            with pytest.raises(TimeoutError):
                await caller.next("BYE ", limit_s=1.5)
        await eventually(lambda: active(door) == 0)


async def test_a_caller_of_whom_nothing_comes_is_gone() -> None:
    async with telephone(silent_s=1.0) as (door, port):
        with ByHand(port) as caller:
            await caller.call()
            await asyncio.sleep(0.5)
            assert active(door) == 1
            await caller.next("BYE ")
        await eventually(lambda: active(door) == 0)


async def test_a_caller_who_holds_us_is_not_gone_but_not_for_ever() -> None:
    async with telephone(silent_s=0.5, held_s=2.0) as (door, port):
        with ByHand(port) as caller:
            await caller.call()
            assert (await caller.ask("INVITE", SDP + "a=inactive\r\n")).startswith("SIP/2.0 200")
            with pytest.raises(TimeoutError):
                await caller.next("BYE ", limit_s=1.2)
            await caller.next("BYE ")
        await eventually(lambda: active(door) == 0)
