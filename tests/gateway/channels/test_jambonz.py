"""jambonz and mod_audio_fork: messages, and a call by a double of our own making."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from aiohttp import WSMsgType
from hypothesis import given, settings
from pydantic import SecretStr

from gateway.channels.jambonz_codec import JambonzDialect
from gateway.config import Jambonz, Settings
from gateway.errors import ProtocolError
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted, KeyPressed, MarkPlayed, MediaIn
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import served
from tests.wire_fuzz import JSON_MESSAGES

START = {"callSid": "c-1", "from": "+15550100001", "to": "+15550100002", "sampleRate": 16000, "mixType": "mono"}
BASIC = {"Authorization": aiohttp.encode_basic_auth("kefu", "secret")}


def test_messages_in_and_out() -> None:
    dialect = JambonzDialect()
    (started,) = dialect.decode(json.dumps(START))
    assert isinstance(started, CallStarted)
    assert started.facts == CallFacts("c-1", "+15550100001", "+15550100002", started.facts.parameters)
    assert started.format == AudioFormat(16_000)
    assert dialect.decode(b"\x01\x00\x02") == (MediaIn(b"\x01\x00"),)
    assert dialect.decode('{"event":"dtmf","dtmf":"2","duration":"1600"}') == (KeyPressed("2"),)
    assert dialect.decode('{"type":"mark","data":{"name":"k0.1","event":"playout"}}') == (MarkPlayed("k0.1"),)
    assert dialect.decode('{"type":"mark","data":{"name":"k0.1","event":"cleared"}}') == ()
    assert dialect.audio(b"\0\0") == (b"\0\0",)
    assert dialect.mark("k0.1") == ('{"type":"mark","data":{"name":"k0.1"}}',)
    assert dialect.clear() == ('{"type":"killAudio"}', '{"type":"clearMarks"}')
    assert dialect.hang_up() == ('{"type":"disconnect"}',)


@settings(max_examples=300, deadline=None)
@given(JSON_MESSAGES, JSON_MESSAGES)
def test_nothing_a_stranger_sends_breaks_the_codec(first: str | bytes, second: str | bytes) -> None:
    dialect = JambonzDialect()
    for message in (first, second):
        try:
            dialect.decode(message)
        except ProtocolError:
            continue


async def test_a_call_with_a_key_and_a_goodbye() -> None:
    scripted = House(
        tts=FakeTts(frames_per_character=1), settings=Settings(jambonz=Jambonz(password=SecretStr("secret")))
    )
    scripted.understanding.intents["9"] = ("goodbye", 0.9)
    async with served(scripted) as door:
        async with door.client.get("/v1/jambonz/media") as response:
            assert response.status == 401
        protocols = ("audio.jambonz.org",)
        socket = await door.client.ws_connect("/v1/jambonz/media", headers=BASIC, protocols=protocols)
        assert socket.protocol == "audio.jambonz.org"
        await socket.send_str(json.dumps(START))
        heard, said = 0, []
        async with asyncio.timeout(10):
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    heard += len(message.data)
                    continue
                frame = json.loads(message.data)
                said.append(frame["type"])
                if frame["type"] == "mark":
                    # played at once, as far as this double is concerned
                    echo = {"type": "mark", "data": {**frame["data"], "event": "playout"}}
                    await socket.send_str(json.dumps(echo))
                    if not scripted.responder.turns:
                        await socket.send_str('{"event":"dtmf","dtmf":"9"}')
                        await socket.send_str('{"event":"dtmf","dtmf":"#"}')
    assert said[-1] == "disconnect"
    assert heard > 0
    assert [turn.channel for turn in scripted.responder.turns][:1] == ["jambonz"]
