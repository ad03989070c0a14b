"""Vonage: messages, signed webhooks, calls and transfers by a double of our own making."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.channels.vonage import is_signed
from gateway.channels.vonage_codec import VonageDialect
from gateway.config import Phone, Settings, Vonage
from gateway.errors import ProtocolError
from gateway.telephony.wire import AudioFormat, CallStarted, KeyPressed, MarkPlayed, MediaIn
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.channels.test_transfers import SPOKEN_S, Rest, told
from tests.gateway.channels.test_twilio import _hand_off
from tests.gateway.doors import Door, served
from tests.media_double import MediaDouble
from tests.provider_doubles import CALLS, PUBLIC, VONAGE_SECRET, parameters, stream, vonage_token, vonage_webhook
from tests.wire_fuzz import JSON_MESSAGES

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
CALL = CALLS["vonage"]
ANSWER = ("您的包裹已经到了杭州。 预计明天下午送到。", True)
CONNECTED = {
    "event": "websocket:connected", "content-type": "audio/l16;rate=16000", "call": CALL, "from": "441632960960",
    "to": "441632960961", "kefu_pass": "00ff",
}  # fmt: skip


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_stream_as_vonage_sends_it() -> None:
    dialect = VonageDialect()
    (started,) = dialect.decode(json.dumps(CONNECTED))
    assert isinstance(started, CallStarted)
    assert started.format == AudioFormat(16_000)
    assert (started.facts.call_id, started.facts.from_number) == (CALL, "441632960960")
    assert started.facts.parameters["kefu_pass"] == "00ff"
    assert dialect.decode(b"\x01\x00\x02") == (MediaIn(b"\x01\x00"),)
    assert dialect.decode('{"event":"websocket:dtmf","digit":"5","duration":260}') == (KeyPressed("5"),)
    assert dialect.decode('{"event":"websocket:dtmf","dtmf":{"digit":"6"}}') == (KeyPressed("6"),)
    assert dialect.decode('{"event":"websocket:notify","payload":{"mark":"k0.1"}}') == (MarkPlayed("k0.1"),)
    assert dialect.decode('{"event":"websocket:cleared"}') == ()
    assert dialect.audio(b"\x01" * 700) == [b"\x01" * 640, b"\x01" * 60 + bytes(580)]
    assert dialect.mark("k0.1") == ('{"action":"notify","payload":{"mark":"k0.1"}}',)
    assert dialect.clear() == ('{"action":"clear"}',)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON_MESSAGES, max_size=3), st.binary(max_size=2000))
def test_nothing_a_stranger_sends_breaks_the_codec(messages: list[str | bytes], sound: bytes) -> None:
    dialect = VonageDialect()
    for message in messages:
        try:
            dialect.decode(message)
        except ProtocolError:
            continue
    dialect = VonageDialect()
    dialect.decode(json.dumps(CONNECTED))
    frames = dialect.audio(sound)
    assert {len(frame) for frame in frames} <= {640}
    assert b"".join(bytes(frame) for frame in frames if isinstance(frame, bytes)).startswith(sound)


def test_a_signature_is_of_this_body_and_lately() -> None:
    body, now = b'{"uuid":"1"}', time.time()
    assert is_signed(VONAGE_SECRET, vonage_token(body, jti="a"), body, now) == "a"
    for bad in (
        vonage_token(b"another"), vonage_token(body, secret="x" * 32), vonage_token(body, iat=now - 301),
        vonage_token(body, iat="x"), "", "é.x.y",
        jwt.encode({"iat": now, "jti": "a", "payload_hash": hashlib.sha256(body).hexdigest()}, "", algorithm="none"),
    ):  # fmt: skip
        assert not is_signed(VONAGE_SECRET, bad, body, now)


# --- calls -----------------------------------------------------------------------------------------------------------


def house(url: str = "http://nobody.invalid") -> House:
    return House(
        tts=FakeTts(frames_per_character=2),
        settings=Settings(
            phone=Phone(public_url=PUBLIC, agent="+8613800000009"),
            vonage=Vonage(
                signature_secret=SecretStr(VONAGE_SECRET),
                application_id="app-1",
                private_key=SecretStr(PEM),
                api_url=url,
            ),
        ),
    )


async def asked(door: Door, path: str, fields: dict[str, Any], **claims: Any) -> tuple[int, Any]:
    """A webhook; status and JSON of the answer."""
    return await vonage_webhook(door.client, path, fields, **claims)


@asynccontextmanager
async def called(door: Door, **changes: str) -> AsyncIterator[MediaDouble]:
    given = await parameters(door.client, "vonage")
    async with stream(door.client, "vonage", given | changes) as double:
        yield double


async def test_a_call_with_keys_and_a_barge_in() -> None:
    scripted = house()
    async with served(scripted) as door, called(door) as double:
        await double.until(lambda: double.heard_bytes > 2000)
        await double.press("8907#")
        await double.until(lambda: double.clears == 1 and ANSWER in scripted.said)
        await double.hang_up()
    assert [(turn.text, turn.channel) for turn in scripted.responder.turns] == [("8907", "vonage")]
    assert scripted.said[0][1] is False


@pytest.mark.parametrize("changes", [{"kefu_pass": ""}, {"kefu_pass": "00" * 16}, {"call": "another"}])
async def test_a_stream_without_its_pass_is_refused(changes: dict[str, str]) -> None:
    async with served(house()) as door, called(door, **changes) as double:
        await double.until(double.closed.is_set)
        assert double.socket.close_code == 1008
        assert not double.sounds


async def test_only_what_vonage_signed_is_answered_and_once() -> None:
    async with served(house()) as door:
        for claims in ({"payload_hash": "x"}, {"iat": 1}):
            assert (await asked(door, "/v1/vonage/answer", {"uuid": CALL}, **claims))[0] == 403
        assert (await asked(door, "/v1/vonage/answer", {"uuid": CALL}, jti="one"))[0] == 200
        assert (await asked(door, "/v1/vonage/answer", {"uuid": CALL}, jti="one"))[0] == 403, "a replay"
        assert (await asked(door, "/v1/vonage/answer", {}))[0] == 400
    async with served(House()) as door, door.client.get("/v1/vonage/media") as response:
        assert (await response.json())["error"]["code"] == "channel_off"


async def test_the_caller_is_put_through_and_the_person_hears_why() -> None:
    rest = Rest(204)
    async with rest.served() as url:
        scripted = house(url)
        scripted.responder.answer = _hand_off
        async with served(scripted) as door, called(door) as double:
            await double.press("0#")
            await double.closed.wait()
            ((path, authorization, body),) = rest.asked
            assert path == f"PUT /v1/calls/{CALL}"
            claims = jwt.decode(authorization.removeprefix("Bearer "), KEY.public_key(), algorithms=["RS256"])
            assert claims["application_id"] == "app-1"
            assert (body["action"], body["destination"]["type"]) == ("transfer", "ncco")
            ((person,),) = [action["endpoint"] for action in body["destination"]["ncco"]]
            assert (person["type"], person["number"]) == ("phone", "8613800000009")
            whisper_url = person["onAnswer"]["url"].removeprefix(PUBLIC)
            _, (streamed,) = await asked(door, whisper_url, {"uuid": "leg-2"})
            assert await told(door, streamed["streamUrl"][0]) == pytest.approx(SPOKEN_S, abs=0.05)


async def test_a_goodbye_hangs_up() -> None:
    rest = Rest(404)
    async with rest.served() as url:
        scripted = house(url)
        scripted.understanding.intents["9"] = ("goodbye", 0.9)
        async with served(scripted) as door, called(door) as double:
            await double.press("9#")
            await double.closed.wait()
        await asyncio.sleep(0)
        assert [body for _, _, body in rest.asked] == [{"action": "hangup"}]
