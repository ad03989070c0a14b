"""What providers' JSON streams say alike, and what is told of what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.channels.exotel_codec import ExotelDialect
from gateway.channels.plivo_codec import PlivoDialect
from gateway.channels.telnyx_codec import TelnyxDialect
from gateway.channels.twilio_codec import TwilioDialect
from gateway.errors import ProtocolError
from gateway.telephony.json_wire import common_event, format_of, number, read_object, text
from gateway.telephony.wire import AudioFormat, CallEnded, Dialect, KeyPressed, MediaIn, WireEvent

ULAW = AudioFormat(8_000, "ulaw")
DIALECTS = [TwilioDialect, TelnyxDialect, PlivoDialect, ExotelDialect]


@pytest.mark.parametrize(
    ("frame", "events"),
    [
        ({"event": "media", "media": {"payload": "//8=", "timestamp": "20"}}, (MediaIn(b"\xff\xff", 20.0),)),
        ({"event": "media", "media": {"payload": "//8="}}, (MediaIn(b"\xff\xff"),)),
        ({"event": "dtmf", "dtmf": {"digit": 5}}, (KeyPressed("5"),)),
        ({"event": "stop"}, (CallEnded(),)),
        ({"event": "connected"}, ()),
    ],
)
def test_every_dialect_has_these(frame: dict[str, Any], events: tuple[WireEvent, ...]) -> None:
    assert common_event(frame) == events


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"{}", "this stream has no binary messages"),
        ("{", "a message is not JSON"),
        ("[]", "a message is not a JSON object"),
        ('{"event":[]}', "a message of an unknown event"),
        ('{"event":"media","media":{"payload":"*"}}', "a media payload is not base64"),
    ],
)
def test_what_cannot_be_read_is_refused_alike(dialect: type[Dialect], message: str | bytes, told: str) -> None:
    with pytest.raises(ProtocolError, match=f"^{told}$") as refused:
        dialect().decode(message)
    assert refused.value.code == "bad_message"


def test_a_mark_is_no_word_of_plivo() -> None:
    with pytest.raises(ProtocolError, match="an unknown event"):
        PlivoDialect().decode('{"event":"mark","mark":{"name":"k0.1"}}')


@pytest.mark.parametrize(
    ("told", "form"),
    [
        ({}, ULAW),
        ({"encoding": "audio/x-alaw", "sampleRate": "16000"}, AudioFormat(16_000, "alaw")),
        ({"encoding": "audio/x-l16;rate=8000", "sample_rate": 24_000}, AudioFormat(24_000)),
    ],
)
def test_formats(told: dict[str, Any], form: AudioFormat) -> None:
    assert format_of(told, ULAW) == form


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"encoding": "audio/opus"}, "the stream is encoded as 'audio/opus'"),
        ({"sampleRate": 1}, "the stream has 1 Hz"),
    ],
)
def test_a_format_that_is_not_spoken_is_named(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ProtocolError, match=why) as refused:
        format_of(told, ULAW)
    assert refused.value.code == "format_not_supported"


def test_fields_of_another_type_are_as_none() -> None:
    assert text({"a": True, "b": None, "c": 7}, "a", "b", "c") == "7"
    assert [number({"n": value}, "n") for value in ("12", 12, "x", "1" * 16, True, None)] == [
        12,
        12,
        None,
        None,
        None,
        None,
    ]
    assert read_object('{"a": 1}') == {"a": 1}
