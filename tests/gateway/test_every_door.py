"""Every route of the gateway with every channel on: without credentials, or with wrong ones, nobody gets in."""

from __future__ import annotations

import asyncio
import json
import re

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType
from pydantic import SecretStr

from gateway.app import make_app
from gateway.config import Asterisk, Exotel, Gateway, Jambonz, Phone, Plivo, Settings, Telnyx, Twilio
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import Door, served
from tests.provider_doubles import PASSWORD, PLIVO_TOKEN, PUBLIC, TELNYX_PUBLIC_KEY, TWILIO_TOKEN, shape

PUBLIC_ROUTES = {
    "GET /": "the page",
    "GET /web": "what the page is made of",
    "GET /healthz": "probes",
    "GET /readyz": "probes",
    "GET /metrics": "Prometheus; carries no personal data (test_ops)",
    "GET /v1/info": "what the page shows of this gateway",
    "GET /openapi.json": "the description of this API",
    "GET /docs": "the description of this API, to read",
    "POST /v1/token": "makes anonymous conversations, limited by address",
    "DELETE /v1/webrtc/{call}": "whose id nobody guesses",
    "POST /v1/realtime/calls/{call}/hangup": "whose id nobody guesses",
}
PASS_IN_THE_STREAM = ("twilio", "telnyx", "plivo")
"""Their sockets open, and end unless the first message brings the pass of a signed webhook."""
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
WRONG = {
    "none": {},
    "bearer": {"Authorization": "Bearer wrong"},
    "basic": {"Authorization": aiohttp.encode_basic_auth("kefu", "wrong")},
    "subprotocol": {"Sec-WebSocket-Protocol": "kefu.v1, bearer.wrong, openai-insecure-api-key.wrong"},
    "signatures": {
        "X-Twilio-Signature": "wrong",
        "X-Plivo-Signature-V3": "wrong",
        "X-Plivo-Signature-V3-Nonce": "n",
        "telnyx-timestamp": "0",
        "telnyx-signature-ed25519": "wrong",
    },
    "not ASCII": {
        "Authorization": "Basic \xe9",
        "X-Twilio-Signature": "\xe9",
        "X-Plivo-Signature-V3": "\xe9",
        "telnyx-timestamp": "\xe9",
    },
}


def everything_on() -> House:
    password, key = SecretStr(PASSWORD), SecretStr("an API key of tests")
    return House(
        tts=FakeTts(frames_per_character=1),
        settings=Settings(
            gateway=Gateway(api_keys=(key,)),
            phone=Phone(public_url=PUBLIC),
            twilio=Twilio(auth_token=SecretStr(TWILIO_TOKEN)),
            telnyx=Telnyx(public_key=TELNYX_PUBLIC_KEY),
            plivo=Plivo(auth_token=SecretStr(PLIVO_TOKEN)),
            exotel=Exotel(password=password),
            jambonz=Jambonz(password=password),
            asterisk=Asterisk(password=password),
        ),
    )


def routes_of(door: Door) -> set[str]:
    """``METHOD /path/{name}`` of every route."""
    found = {
        f"{route.method} {route.resource.canonical}"
        for route in make_app(door.services).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert len(found) > 25, "the walk must see the routes"
    return found


@pytest.mark.parametrize("kind", WRONG)
async def test_nobody_without_credentials_gets_in(kind: str) -> None:
    async with served(everything_on()) as door:
        let_in = {}
        for route in sorted(routes_of(door) - set(PUBLIC_ROUTES)):
            method, path = route.split()
            headers = {**WRONG[kind], **(UPGRADE if method == "GET" else {})}
            if path.split("/")[2] in PASS_IN_THE_STREAM and path.endswith("/media"):
                continue
            url = re.sub(r"{\w+}", "x", path)
            async with door.client.request(method, url, headers=headers, json={}) as response:
                if response.status not in {401, 403}:
                    let_in[route] = response.status
        assert not let_in


@pytest.mark.parametrize("name", PASS_IN_THE_STREAM)
@pytest.mark.parametrize("given", [{}, {"kefu_pass": "00" * 16, "X-PH-kefupass": "00" * 16}], ids=["none", "wrong"])
async def test_a_stream_without_its_pass_ends(name: str, given: dict[str, str]) -> None:
    async with served(everything_on()) as door:
        socket = await door.client.ws_connect(f"/v1/{name}/media")
        for frame in shape(name).start(given):
            await socket.send_str(json.dumps(frame))
        message = await socket.receive(timeout=10)
        assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.POLICY_VIOLATION)
        assert message.extra == "pass_invalid"


async def test_headers_that_are_no_text_are_refused_as_wrong_ones() -> None:
    async with served(everything_on()) as door:
        broken = {}
        for route in sorted(routes_of(door) - set(PUBLIC_ROUTES)):
            method, path = route.split()
            head = [f"{method} {path.replace('{', '').replace('}', '')} HTTP/1.1".encode(), b"Host: localhost"]
            head += [b"Authorization: %s \xff" % (b"Basic" if "/media" in path or "asterisk" in path else b"Bearer")]
            head += [b"%s: \xff" % name.encode() for name in WRONG["signatures"]]
            head += [f"{name}: {value}".encode() for name, value in UPGRADE.items() if method == "GET"]
            reader, writer = await asyncio.open_connection("127.0.0.1", door.client.port)
            writer.write(b"\r\n".join([*head, b"Content-Length: 0", b"", b""]))
            status = int((await reader.readline()).split()[1])
            writer.close()
            if status not in {401, 403} and not (status == 101 and path.split("/")[2] in PASS_IN_THE_STREAM):
                broken[route] = status
        assert not broken


async def test_the_list_of_what_is_public_has_nothing_that_is_not_there() -> None:
    async with served(everything_on()) as door:
        gone = set(PUBLIC_ROUTES) - routes_of(door)
        assert not gone
        for route in PUBLIC_ROUTES:
            method, path = route.split()
            if method == "GET" and path != "/web":
                async with door.client.get(path) as response:
                    assert response.status == 200, path


async def test_an_offer_is_not_read_before_the_token() -> None:
    async with served(everything_on()) as door:
        for authorization in ({}, {"Authorization": "Bearer wrong"}):
            for body in ("garbage", '{"sdp": "garbage"}', "{}"):
                async with door.client.post("/v1/webrtc", data=body, headers=authorization) as response:
                    assert response.status == 401, body
