"""SIP: Debian's sipp as the caller (signalling, load, malformed messages), and calls made by hand for the sound."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import web
from aiosipua import build_sdp, serialize_sdp

from dialogue.types import ActionRunner, Reply, ReplyAction, Turn
from gateway.app import make_app
from gateway.config import Settings, Sip
from gateway.errors import DoorFailed
from nlu.types import Language
from tests.fakes_core import FakeStore, Item
from tests.gateway.channels.sip.telephone import SCENARIOS, Phone, needs_sipp, sipp, telephone
from tests.gateway.doors import active, eventually, house_with, served
from tests.gateway.free_ports import free_sip_port, free_udp_port

ANSWER = "您的包裹已经到了杭州。预计明天下午送到。"


@needs_sipp
async def test_calls_are_answered_and_ended() -> None:
    async with telephone() as (door, port):
        status, errors = await sipp(port, "-sn", "uac", "-m", "3", "-r", "3", "-d", "500")
        assert status == 0, errors
        await eventually(lambda: active(door) == 0)


@needs_sipp
async def test_fifty_calls_at_once() -> None:
    house = house_with()
    async with telephone(house) as (door, port):
        door.services.admission._max = 60
        status, errors = await sipp(port, "-sn", "uac", "-m", "50", "-l", "50", "-r", "50", "-d", "3000")
        assert status == 0, errors
        await eventually(lambda: active(door) == 0)


@needs_sipp
@pytest.mark.parametrize("scenario", ["options", "cancel", "hold", "no_offer", "malformed"])
async def test_scenarios(scenario: str) -> None:
    house = house_with()
    if scenario == "cancel":
        house.store = SlowStore()
    async with telephone(house) as (door, port):
        status, errors = await sipp(port, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-timeout", "20")
        assert status == 0, errors
        await eventually(lambda: active(door) == 0)


async def test_an_invite_that_comes_again_is_answered_again_and_makes_no_second_call() -> None:
    house = house_with()
    async with telephone(house) as (door, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.bind(("127.0.0.1", 0))
            caller.setblocking(False)
            own = caller.getsockname()[1]
            sdp = str(
                serialize_sdp(build_sdp(local_ip="127.0.0.1", rtp_port=40_000, payload_type=8, codec_name="PCMA"))
            )
            invite = (
                f"INVITE sip:kefu@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKx\r\n"
                f"From: <sip:1@127.0.0.1>;tag=1\r\nTo: <sip:kefu@127.0.0.1>\r\nCall-ID: again\r\nCSeq: 1 INVITE\r\n"
                f"Contact: <sip:1@127.0.0.1:{own}>\r\nContent-Type: application/sdp\r\n"
                f"Content-Length: {len(sdp)}\r\n\r\n{sdp}"
            ).encode()
            answers = await answers_to(caller, port, invite, until=b"SIP/2.0 200")
            again = [(await answers_to(caller, port, invite, until=b"SIP/2.0 200"))[-1] for _ in range(2)]
            assert answers[-1] == again[0] == again[1]
            assert active(door) == 1
            tag = re.search(rb"To: [^\r]*", answers[-1])
            assert tag is not None
            bye = invite.split(b"Content-Type")[0].replace(b"INVITE", b"BYE").replace(b"CSeq: 1", b"CSeq: 2")
            bye = re.sub(rb"To: [^\r]*", tag.group(0), bye).replace(b"z9hG4bKx", b"z9hG4bKy")
            await answers_to(caller, port, bye + b"Content-Length: 0\r\n\r\n", until=b"SIP/2.0 200")
        await eventually(lambda: active(door) == 0)


async def answers_to(caller: socket.socket, port: int, request: bytes, until: bytes) -> list[bytes]:
    """Send ``request``; what comes back up to an answer that begins so."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendto(caller, request, ("127.0.0.1", port))
    answers: list[bytes] = []
    async with asyncio.timeout(5):
        while not answers or not answers[-1].startswith(until):
            answers.append(await loop.sock_recv(caller, 4096))
    return answers


@needs_sipp
async def test_who_is_not_allowed_gets_no_answer() -> None:
    async with telephone(allow=("192.0.2.0/24",)) as (_, port):
        status, _ = await sipp(port, "-sn", "uac", "-m", "1", "-timeout", "2", "-timeout_error")
        assert status != 0


@needs_sipp
async def test_a_house_that_is_full_says_busy() -> None:
    async with telephone() as (door, port):
        door.services.admission._max = 0
        status, errors = await sipp(port, "-sf", str(SCENARIOS / "busy.xml"), "-m", "1", "-timeout", "5")
        assert status == 0, errors


class SlowStore(FakeStore):
    """A conversation takes a while to open: time enough to hang up before the answer."""

    async def open(self, conversation_id: str, customer_id: str | None, channel: str, language: Language) -> bool:
        await asyncio.sleep(2)
        return await super().open(conversation_id, customer_id, channel, language)


async def test_a_caller_is_heard_and_answered() -> None:
    house = house_with()
    async with telephone(house) as (_, port):
        phone = Phone(port)
        call = await phone.call()
        await phone.say("20. 40# 120.")
        assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到"]
        assert {turn.channel for turn in house.responder.turns} == {"sip"}
        assert len(phone.heard) > 8000
        for at, key in enumerate("5#", 1):
            phone.press(key, at)
            await phone.say("30.")
        await eventually(lambda: len(house.responder.turns) == 2)
        assert house.responder.turns[-1].text == "5"
        phone.uac.send_bye(call.dialog, ("127.0.0.1", port))
        await phone.say("10.")
        await phone.close()


async def test_a_caller_who_asks_for_a_person_is_put_through_by_refer() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "为您转接。", "zh", is_last=True, action=ReplyAction.HAND_OFF)

    house.responder.answer = answer
    async with telephone(house, phone={"agent": "8001"}, domain="pbx.example.com") as (_, port):
        phone = Phone(port)
        await phone.call()
        await phone.say("20. 40# 100.")
        await eventually(lambda: phone.referred)
        assert phone.referred == ["sip:8001@pbx.example.com"]
        async with asyncio.timeout(5):
            await phone.over.wait()
        await phone.close()


@needs_sipp
async def test_it_registers_with_a_trunk() -> None:
    registrar = free_udp_port()
    command = ["sipp", "-sf", str(SCENARIOS / "registrar.xml"), "-i", "127.0.0.1", "-p", str(registrar)]
    trunk = await asyncio.create_subprocess_exec(
        *command, "-m", "1", "-nostdin", "-timeout", "15", stdout=asyncio.subprocess.DEVNULL, cwd="/tmp"
    )
    own: dict[str, Any] = {"registrar": f"127.0.0.1:{registrar}", "trunk_user": "kefu-shop", "trunk_password": "secret"}
    async with telephone(**own), asyncio.timeout(15):
        assert await trunk.wait() == 0


@pytest.mark.parametrize(("password", "status"), [("right", 200), ("wrong", 401)])
async def test_credentials(password: str, status: int) -> None:
    async with telephone(users={"shop": "right"}, allow=()) as (_, port):
        phone = Phone(port, password=password)
        await phone.call()
        assert phone.status == status
        await phone.close()


def test_a_port_without_a_guard_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sip\.allow"):
        Sip(port=5060)
    with pytest.raises(ValueError, match="network"):
        Sip(port=5060, allow=("nowhere",))


@pytest.mark.parametrize(("worker", "listens"), [(None, True), (1, True), (2, False)])
async def test_of_several_workers_the_first_listens(worker: int | None, listens: bool) -> None:
    house, port = house_with(), free_sip_port()
    house.settings = Settings(sip=Sip(port=port, host="127.0.0.1", allow=("127.0.0.0/8",)))
    async with served(house, worker=worker):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            if listens:
                with pytest.raises(OSError, match="in use"):
                    other.bind(("127.0.0.1", port))
            else:
                other.bind(("127.0.0.1", port))


async def test_a_port_that_is_taken_is_named() -> None:
    house, port = house_with(), free_sip_port()
    house.settings = Settings(sip=Sip(port=port, host="127.0.0.1", allow=("127.0.0.0/8",)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        async with asyncio.TaskGroup() as background:
            app = make_app(house.services(house.core(background)), channels=["sip"])
            with pytest.raises(DoorFailed, match=rf"sip\.port.*{port}"):
                await web.AppRunner(app).setup()


async def test_garbage_is_no_trouble_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with telephone() as (_, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for data in (
                b"",
                b"\r\n\r\n",
                b"\0" * 2000,
                b"INVITE sip:x SIP/2.0\r\n\r\n",
                struct.pack("!400H", *range(400)),
            ):
                sender.sendto(data, ("127.0.0.1", port))
        phone = Phone(port)
        await phone.call()
        assert phone.status == 200
        await phone.close()
    # The libraries would log addresses, numbers and whole messages of whoever sends something.
    assert [record.name for record in caplog.records if record.name.startswith(("aiosipua", "aiortp"))] == []
