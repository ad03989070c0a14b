"""Twilio's messages: recorded shapes, what is sent, and that nothing a stranger sends breaks the codec."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.channels.twilio_codec import TwilioDialect
from gateway.errors import ProtocolError
from gateway.telephony.wire import AudioFormat, CallEnded, CallStarted, KeyPressed, MarkPlayed, MediaIn
from tests.wire_fuzz import JSON_MESSAGES

STREAM = Path(__file__).parents[2] / "data" / "twilio" / "stream.jsonl"


def started() -> TwilioDialect:
    dialect = TwilioDialect()
    dialect.decode(STREAM.read_text().splitlines()[1])
    return dialect


def test_a_stream_as_twilio_sends_it() -> None:
    dialect = TwilioDialect()
    events = [event for line in STREAM.read_text().splitlines() for event in dialect.decode(line)]
    first = events[0]
    assert isinstance(first, CallStarted)
    assert first.facts.call_id == "CA00000000000000000000000000000001"
    assert first.facts.parameters == {"kefu_pass": "00ff", "from": "+15550100001"}
    assert first.format == AudioFormat(8000, "ulaw")
    assert events[1:] == [MediaIn(b"\xff" * 4, 20.0), KeyPressed("5"), MarkPlayed("k0.1"), CallEnded()]


def test_what_is_sent_has_twilios_shape() -> None:
    dialect = started()
    sid = "MZ00000000000000000000000000000001"
    sent: list[dict[str, Any]] = [
        json.loads(message) for message in (*dialect.audio(b"\xff\x00"), *dialect.mark("k1.2"), *dialect.clear())
    ]
    assert sent == [
        {"event": "media", "streamSid": sid, "media": {"payload": base64.b64encode(b"\xff\x00").decode()}},
        {"event": "mark", "streamSid": sid, "mark": {"name": "k1.2"}},
        {"event": "clear", "streamSid": sid},
    ]
    assert dialect.hang_up() == ()


@pytest.mark.parametrize(
    "message",
    [
        b"\x00\x01", "", "[]", "{", '{"event":"nonsense"}', '{"event":"start","start":{}}',
        '{"event":"media","media":{"payload":"***"}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"encoding":"audio/opus"}}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"sampleRate":1}}}',
    ],
)  # fmt: skip
def test_a_wrong_message_is_refused(message: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        TwilioDialect().decode(message)


@settings(max_examples=400, deadline=None)
@given(JSON_MESSAGES)
def test_nothing_a_stranger_sends_breaks_the_codec(message: str | bytes) -> None:
    try:
        events = TwilioDialect().decode(message)
    except ProtocolError:
        return
    assert all(not isinstance(event, CallStarted) or event.facts.call_id for event in events)


@given(st.binary(max_size=400))
def test_sound_comes_back_as_it_was(payload: bytes) -> None:
    (message,) = started().audio(payload)
    (event,) = started().decode(message)
    assert event == MediaIn(payload)
