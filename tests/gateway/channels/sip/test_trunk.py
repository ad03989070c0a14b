"""Registration with a trunk whose name is looked up, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiosipua import SipRequest, SipResponse, SipUAC
from aiosipua.transport import SipTransport

from gateway.channels.sip.trunk import Trunk
from gateway.config import Sip
from tests.virtual_time import virtual_time

SETTINGS = Sip(registrar="trunk.example.com:5070", trunk_user="kefu")


class Wire(SipTransport):
    """What is sent, and to whom; a registrar answers it."""

    def __init__(self, answers: Callable[[SipRequest], int | None]) -> None:
        super().__init__(local_addr=("192.0.2.1", 5060))
        self.sent: list[tuple[float, SipRequest, tuple[str, int]]] = []
        self.uac: SipUAC
        self._answers = answers

    def send(self, message: Any, addr: tuple[str, int]) -> None:
        self.sent.append((asyncio.get_running_loop().time(), message, addr))
        status = self._answers(message)
        if status is not None:
            response = SipResponse(status_code=status, reason_phrase="")
            for name in ("via", "from", "to", "call-id", "cseq"):
                response.headers.append(name, message.headers.get(name)[0])
            response.headers.append("Expires", "3600")
            asyncio.get_running_loop().call_soon(self.uac.handle_response, response, addr)


async def kept(
    for_s: float, look_up: Callable[[str], list[str]], answers: Callable[[SipRequest], int | None]
) -> list[tuple[int, str]]:
    """When (whole seconds) and where a registration was sent."""
    wire = Wire(answers)
    wire.uac = SipUAC(wire)

    async def found(host: str) -> list[str]:
        return look_up(host)

    trunk = Trunk(SETTINGS, wire.uac, "kefu", found)
    began = asyncio.get_running_loop().time()
    keeping = asyncio.create_task(trunk.keep())
    await asyncio.sleep(for_s)
    keeping.cancel()
    assert not trunk.is_at("trunk.example.com")
    wire.uac.close()
    await asyncio.sleep(0)
    return [(round(at - began), f"{addr[0]}:{addr[1]}") for at, _, addr in wire.sent]


@virtual_time
async def test_the_name_is_looked_up_once_for_many_datagrams() -> None:
    asked: list[str] = []

    def look_up(host: str) -> list[str]:
        asked.append(host)
        return ["203.0.113.5", "203.0.113.6"]

    sent = await kept(250, look_up, lambda _: 200)
    assert sent == [(0, "203.0.113.5:5070")]
    assert asked == ["trunk.example.com"]


@virtual_time
async def test_a_trunk_that_moves_is_registered_with_anew() -> None:
    places = iter([["203.0.113.5"], ["203.0.113.5"], ["203.0.113.9"]])
    sent = await kept(700, lambda _: next(places), lambda _: 200)
    assert [where for _, where in sent] == ["203.0.113.5:5070", "203.0.113.9:5070"]
    assert 600 <= sent[1][0] <= 603


@virtual_time
async def test_a_name_that_is_not_found_and_a_trunk_that_is_silent_are_asked_again() -> None:
    places = iter([OSError(), ["203.0.113.5"], ["203.0.113.5"]])

    def look_up(_: str) -> list[str]:
        found = next(places, ["203.0.113.5"])
        if isinstance(found, OSError):
            raise found
        return found

    sent = await kept(40, look_up, lambda _: None)
    times = [at for at, _ in sent]
    assert times == [2, 6, 14, 30], "the pauses double"
