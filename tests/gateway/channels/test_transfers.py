"""Callers put through to people by Telnyx, Plivo and Exotel, against their REST as the vendors describe it."""

from __future__ import annotations

import io
import secrets
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from gateway.channels import plivo
from gateway.config import Exotel, Phone, Plivo, Settings, Telnyx
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.channels.test_twilio import _hand_off
from tests.gateway.doors import Door, served
from tests.media_double import MediaDouble
from tests.provider_doubles import (
    BASIC,
    PASSWORD,
    PLIVO_TOKEN,
    PUBLIC,
    TELNYX_PUBLIC_KEY,
    parameters,
    stream,
)

AGENT = "+8613800000009"
SUMMARY = "客户要求人工。订单未知。"


class Rest:
    """The REST of Telnyx and Plivo for one call: keeps what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.status = status

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        self.asked.append((f"{request.method} {request.path}", request.headers["Authorization"], body))
        return web.json_response({}, status=self.status)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


def house(url: str = "http://nobody.invalid") -> House:
    scripted = House(
        tts=FakeTts(frames_per_character=2),
        settings=Settings(
            phone=Phone(public_url=PUBLIC, agent=AGENT),
            telnyx=Telnyx(public_key=TELNYX_PUBLIC_KEY, api_key=SecretStr("KEY"), api_url=url),
            plivo=Plivo(auth_id="MA1", auth_token=SecretStr(PLIVO_TOKEN), api_url=url),
            exotel=Exotel(password=SecretStr(PASSWORD)),
        ),
    )
    scripted.responder.answer = _hand_off
    return scripted


@asynccontextmanager
async def called(door: Door, name: str) -> AsyncIterator[MediaDouble]:
    async with stream(door.client, name, await parameters(door.client, name)) as double:
        yield double


async def signed(door: Door, url: str, form: dict[str, str]) -> ET.Element:
    """The XML that our answer to Plivo's request holds."""
    nonce = secrets.token_hex(8)
    signature = plivo.signature(PLIVO_TOKEN, url, nonce, list(form.items()))
    headers = {"X-Plivo-Signature-V3-Nonce": nonce, "X-Plivo-Signature-V3": signature}
    async with door.client.post(url.removeprefix(PUBLIC), data=form, headers=headers) as response:
        assert response.status == 200, await response.text()
        return ET.fromstring(await response.text())


async def told(door: Door, url: str) -> float:
    """Seconds of the sound at the address of a summary."""
    async with door.client.get(url.removeprefix(PUBLIC)) as response:
        assert response.status == 200, await response.text()
        with wave.open(io.BytesIO(await response.read())) as file:
            assert (file.getnchannels(), file.getframerate()) == (1, 8000)
            return file.getnframes() / 8000


SPOKEN_S = len(SUMMARY) * 2 * 0.02


async def test_telnyx_puts_the_caller_through_and_the_person_hears_why() -> None:
    rest = Rest()
    async with rest.served() as url, served(house(url)) as door, called(door, "telnyx") as double:
        await double.press("0#")
        await double.closed.wait()
        ((asked, authorization, body),) = rest.asked
        assert asked == "POST /v2/calls/v3:cc-1/actions/transfer"
        assert (authorization, body["to"]) == ("Bearer KEY", AGENT)
        assert await told(door, body["audio_url"]) == pytest.approx(SPOKEN_S, abs=0.05)


async def test_plivo_puts_the_caller_through_and_the_person_hears_why() -> None:
    rest = Rest(202)
    async with rest.served() as url, served(house(url)) as door, called(door, "plivo") as double:
        await double.press("0#")
        await double.closed.wait()
        ((asked, _, body),) = rest.asked
        assert asked == "POST /v1/Account/MA1/Call/c-1/"
        assert (body["legs"], body["aleg_method"]) == ("aleg", "POST")
        document = await signed(door, body["aleg_url"], {"CallUUID": "c-1", "Event": "Redirect"})
        dial = document.find("Dial")
        assert dial is not None
        assert dial.findtext("Number") == AGENT
        whisper = await signed(door, dial.attrib["confirmSound"], {"CallUUID": "c-2"})
        address = whisper.findtext("Play")
        assert address is not None
        assert await told(door, address) == pytest.approx(SPOKEN_S, abs=0.05)


async def test_plivo_dials_sip_addresses_as_users_and_colleagues_who_are_told_nothing() -> None:
    dial = ET.fromstring(plivo.transfer_xml("sip:desk@phone.plivo.com", "")).find("Dial")
    assert dial is not None
    assert (dial.findtext("User"), dial.attrib) == ("sip:desk@phone.plivo.com", {})


@pytest.mark.parametrize("name", ["telnyx", "plivo"])
async def test_a_transfer_that_is_refused_is_told_to_the_caller(name: str) -> None:
    rest = Rest(500)
    async with rest.served() as url:
        scripted = house(url)
        async with served(scripted) as door, called(door, name) as double:
            await double.press("0#")
            await double.until(lambda: ("抱歉（call_control）。", True) in scripted.said)
            await double.hang_up()
    assert len(rest.asked) == 1


@pytest.mark.parametrize("name", ["telnyx", "plivo"])
async def test_a_summary_is_told_to_nobody_else(name: str) -> None:
    async with served(house()) as door:
        for query in ("", "?call=c-1&until=99999999999&key=x", "?call=c-1&until=x&key=%FF"):
            async with door.client.get(f"/v1/{name}/summary{query}") as response:
                assert response.status == 403, query
        async with door.client.post("/v1/plivo/transfer?to=31", data={"CallUUID": "c-1"}) as response:
            assert response.status == 403


async def test_exotel_asks_where_the_caller_goes_when_the_stream_is_over() -> None:
    async with served(house()) as door:
        async with door.client.get("/v1/exotel/next?CallSid=call-1", headers=BASIC, allow_redirects=False) as response:
            assert response.status == 302, "nothing is known of it"
        async with called(door, "exotel") as double:
            await double.press("0#")
            await double.closed.wait()
        for applet in ("Passthru", "Connect"):
            async with door.client.get("/v1/exotel/next?CallSid=call-1", headers=BASIC) as response:
                assert (response.status, await response.text()) == (200, AGENT), applet
        async with door.client.get("/v1/exotel/next?CallSid=call-1") as response:
            assert response.status == 401
        async with door.client.get("/v1/exotel/next", headers=BASIC) as response:
            assert response.status == 400
