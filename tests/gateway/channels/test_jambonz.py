"""jambonz and mod_audio_fork: messages, and a call by a double of our own making."""

from __future__ import annotations

import json

from hypothesis import given, settings
from pydantic import SecretStr

from gateway.channels.jambonz_codec import JambonzDialect
from gateway.config import Jambonz, Settings
from gateway.errors import ProtocolError
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted, KeyPressed, MarkPlayed, MediaIn
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.doors import served
from tests.provider_doubles import stream
from tests.wire_fuzz import JSON_MESSAGES

START = {"callSid": "c-1", "from": "+15550100001", "to": "+15550100002", "sampleRate": 16000, "mixType": "mono"}


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
        async with stream(door.client, "jambonz", {}) as double:
            assert double.socket.protocol == "audio.jambonz.org"
            await double.until(lambda: bool(double.marks))
            await double.press("9#")
            await double.until(double.closed.is_set)
    assert double.frames[-1]["type"] == "disconnect"
    assert double.sounds
    assert [turn.channel for turn in scripted.responder.turns][:1] == ["jambonz"]
