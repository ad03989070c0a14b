"""Telnyx, Plivo and Exotel: their messages, their signatures, and a call over each (doubles of our own making)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.channels import plivo, telnyx
from gateway.channels.exotel_codec import ExotelDialect
from gateway.channels.plivo_codec import PlivoDialect
from gateway.channels.telnyx_codec import TelnyxDialect
from gateway.config import Exotel, Gateway, Phone, Plivo, Settings, Telnyx
from gateway.errors import ProtocolError
from gateway.telephony.wire import (
    AudioFormat,
    CallEnded,
    CallFacts,
    CallStarted,
    Dialect,
    KeyPressed,
    MarkPlayed,
    MediaIn,
)
from speech import g711
from speech.audio import pcm_from_float
from tests.fakes import audio_of
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import Door, served
from tests.media_double import MediaDouble
from tests.provider_doubles import (
    PASSWORD,
    PLIVO_TOKEN,
    PUBLIC,
    TELNYX_PUBLIC_KEY,
    parameters,
    recorded,
    signed_form,
    stream,
    telnyx_signature,
)
from tests.wire_fuzz import JSON_MESSAGES

ULAW, LINEAR = AudioFormat(8000, "ulaw"), AudioFormat(8000)
DIALECTS: dict[str, type[Any]] = {"telnyx": TelnyxDialect, "plivo": PlivoDialect, "exotel": ExotelDialect}
STARTS = {
    "telnyx": CallStarted(CallFacts("v3:cc-1", "+15550100001", "+15550100002", {"kefu_pass": "00ff"}), ULAW),
    "plivo": CallStarted(CallFacts("c-1", parameters={"X-PH-kefupass": "00ff", "from": "15550100001"}), ULAW),
    "exotel": CallStarted(CallFacts("call-1", "15550100001", "15550100002", {"shop": "a"}), LINEAR),
}


def started(name: str) -> Dialect:
    dialect: Dialect = DIALECTS[name]()
    for line in recorded(name)[:2]:
        dialect.decode(line)
    return dialect


@pytest.mark.parametrize("name", DIALECTS)
def test_a_stream_as_the_provider_sends_it(name: str) -> None:
    dialect: Dialect = DIALECTS[name]()
    first, *others = [event for line in recorded(name) for event in dialect.decode(line)]
    assert first == STARTS[name]
    sound = b"\x01\x00\xff\xff" if name == "exotel" else b"\xff" * 4
    assert others == [MediaIn(sound, 20.0), KeyPressed("5"), MarkPlayed("k0.1"), CallEnded()]


def test_what_is_sent() -> None:
    def sent(name: str) -> list[dict[str, Any]]:
        dialect = started(name)
        messages = (*dialect.audio(b"\xff" * 4), *dialect.mark("k1.2"), *dialect.clear())
        return [json.loads(message) for message in messages]

    payload = base64.b64encode(b"\xff" * 4).decode()
    assert sent("telnyx") == [
        {"event": "media", "media": {"payload": payload}},
        {"event": "mark", "mark": {"name": "k1.2"}},
        {"event": "clear"},
    ]
    assert sent("plivo") == [
        {"event": "playAudio", "media": {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}},
        {"event": "checkpoint", "streamId": "s-1", "name": "k1.2"},
        {"event": "clearAudio", "streamId": "s-1"},
    ]
    media, *rest = sent("exotel")
    assert base64.b64decode(media["media"]["payload"]) == b"\xff" * 4 + bytes(316), "whole frames of 20 ms"
    assert rest == [
        {"event": "mark", "stream_sid": "ex-1", "mark": {"name": "k1.2"}},
        {"event": "clear", "stream_sid": "ex-1"},
    ]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(DIALECTS)), JSON_MESSAGES)
def test_nothing_a_stranger_sends_breaks_a_codec(name: str, message: str | bytes) -> None:
    try:
        DIALECTS[name]().decode(message)
    except ProtocolError:
        return


def telnyx_media(number: int, chunk: int | None) -> str:
    numbered = {} if chunk is None else {"chunk": str(chunk)}
    return json.dumps({"event": "media", "media": {**numbered, "payload": base64.b64encode(bytes([number])).decode()}})


def test_one_late_run_of_telnyx_is_waited_for() -> None:
    dialect = TelnyxDialect()
    heard = [dialect.decode(telnyx_media(number, number)) for number in (1, 3, 2, 2, 4)]
    assert [[run.payload[0] for run in runs if isinstance(run, MediaIn)] for runs in heard] == [
        [1],
        [],
        [2, 3],
        [],
        [4],
    ]


def test_none_waits_for_ever_and_a_run_without_a_number_not_at_all() -> None:
    dialect = TelnyxDialect()
    heard = [len(dialect.decode(telnyx_media(number, number))) for number in (1, 3, 4, 5, 6, 7, 8)]
    assert heard == [1, 0, 0, 0, 0, 0, 6]
    dialect.decode(telnyx_media(10, 10))
    assert dialect.decode(telnyx_media(11, None)) == (MediaIn(b"\x0b"),)


# --- signatures ------------------------------------------------------------------------------------------------------


def test_plivo_signatures_are_the_vendors() -> None:
    url = "https://gw.example.com/v1/plivo/voice"
    form = [("To", "15550100002"), ("CallUUID", "c1"), ("From", "15550100001")]
    assert plivo.signature("tok", url, "n1", form) == "gw5h5Ljpu1gxpSNO4N4qZQ9D389rNvfyW171Jptu7/0="
    assert plivo.signature("tok", f"{url}?b=2&a=1", "n1", form) == "UjlrFNeg1jt/0ksjFW13Rku7hoIHXojezO2NJ+rOcq8="
    media = "wss://gw.example.com/v1/plivo/media"
    assert plivo.signature("tok", media, "n1") == "0QGTsFMaUxTQODfnBCaHSNy9iYM2lAC8xIuSh3UvYyA="


def test_telnyx_signs_time_and_body() -> None:
    good = telnyx_signature("1700000000", b"a=1")
    assert telnyx.is_signed(TELNYX_PUBLIC_KEY, "1700000000", b"a=1", good, 1700000100)
    assert not telnyx.is_signed(TELNYX_PUBLIC_KEY, "1700000000", b"a=2", good, 1700000100)
    assert not telnyx.is_signed(TELNYX_PUBLIC_KEY, "1700000001", b"a=1", good, 1700000100)
    assert not telnyx.is_signed(TELNYX_PUBLIC_KEY, "1700000000", b"a=1", good, 1700000301), "a replay"
    for timestamp, signature in (("", ""), ("x", good), ("1700000000", "é"), ("9" * 400, good)):
        assert not telnyx.is_signed(TELNYX_PUBLIC_KEY, timestamp, b"a=1", signature, 1700000100)


# --- calls -----------------------------------------------------------------------------------------------------------

ANSWER = ("您的包裹已经到了杭州。 预计明天下午送到。", True)


def house() -> House:
    return House(
        tts=FakeTts(frames_per_character=2),
        settings=Settings(
            gateway=Gateway(),
            phone=Phone(public_url=PUBLIC),
            telnyx=Telnyx(public_key=TELNYX_PUBLIC_KEY),
            plivo=Plivo(auth_token=SecretStr(PLIVO_TOKEN)),
            exotel=Exotel(password=SecretStr(PASSWORD)),
        ),
    )


@asynccontextmanager
async def called(door: Door, name: str) -> AsyncIterator[MediaDouble]:
    async with stream(door.client, name, await parameters(door.client, name)) as double:
        yield double


@pytest.mark.parametrize("name", DIALECTS)
async def test_a_call_with_keys_and_a_barge_in(name: str) -> None:
    scripted = house()
    async with served(scripted) as door, called(door, name) as double:
        await double.until(lambda: double.heard_bytes > 2000)
        await double.press("8907#")
        await double.until(
            lambda: double.clears == 1 and ("您的包裹已经到了杭州。 预计明天下午送到。", True) in scripted.said
        )
        await double.hang_up()
    assert [(turn.text, turn.channel) for turn in scripted.responder.turns] == [("8907", name)]
    greeting, complete = scripted.said[0]
    assert (greeting, complete) != ("您好，请问有什么可以帮您？", True)


@pytest.mark.parametrize("name", ["telnyx", "plivo"])
async def test_a_stream_without_its_pass_is_refused(name: str) -> None:
    async with served(house()) as door, stream(door.client, name, {}) as double:
        await double.until(double.closed.is_set)
        assert double.socket.close_code == 1008
        assert not double.sounds


@pytest.mark.parametrize("name", ["telnyx", "plivo"])
async def test_a_webhook_that_was_changed_is_refused(name: str) -> None:
    body, headers = signed_form(name)
    async with (
        served(house()) as door,
        door.client.post(f"/v1/{name}/voice", data=f"{body}&x=1", headers=headers) as response,
    ):
        assert response.status == 403


async def test_exotel_needs_its_credentials_and_closed_channels_say_so() -> None:
    async with served(house()) as door:
        for headers in ({}, {"Authorization": "Basic !"}, {"Authorization": aiohttp.encode_basic_auth("kefu", "x")}):
            async with door.client.get("/v1/exotel/media", headers=headers) as response:
                assert response.status == 401
    async with served(House()) as door:
        for path in ("/v1/exotel/media", "/v1/telnyx/media", "/v1/plivo/media"):
            async with door.client.get(path) as response:
                assert (response.status, (await response.json())["error"]["code"]) == (403, "channel_off")


@pytest.mark.parametrize("name", DIALECTS)
async def test_words_reach_the_dialogue(name: str) -> None:
    scripted = house()
    async with served(scripted) as door, called(door, name) as double:
        await double.until(lambda: ("您好，请问有什么可以帮您？", True) in scripted.said)
        pcm = pcm_from_float(audio_of("20# 1.")[::2])
        frames = [pcm[at : at + 320] for at in range(0, len(pcm), 320)]
        double.to_say.extend(frames if name == "exotel" else [g711.encode(frame, "ulaw") for frame in frames])
        await double.until(lambda: ANSWER in scripted.said)
        await double.hang_up()
    (utterance,) = [call for call in scripted.asr.calls if not call.partial][:1]
    assert utterance.ms == pytest.approx(20 * 32, abs=600)
    assert [turn.text for turn in scripted.responder.turns] == ["我的订单什么时候到"]
