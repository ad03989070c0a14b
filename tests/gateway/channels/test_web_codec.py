"""The web voice protocol: what is legal, what is refused and how, whatever the bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.types import Card, Reply, ReplyAction
from gateway import events as ev
from gateway.channels.web_codec import AUDIO_HEADER, MAX_MESSAGE_BYTES, decode, encode
from gateway.errors import ProtocolError
from nlu.types import Parse, Sentiment, Slot
from speech.types import SpeechEnded, SpeechStarted, Transcript

START = {"type": "start", "version": 1}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (START, ev.Start()),
        ({**START, "rate_hz": 48000, "output_rate_hz": 8000, "language": "en", "speak": False, "greet": False},
         ev.Start(48000, 8000, "en", False, False)),
        ({"type": "text", "text": "你好"}, ev.TextIn("你好")),
        ({"type": "dtmf", "digit": "5"}, ev.Dtmf("5")),
        ({"type": "dtmf", "digit": "#"}, ev.Dtmf("#")),
        ({"type": "played", "turn_id": 3, "ms": 250}, ev.Played(3, 250)),
        ({"type": "interrupt"}, ev.Interrupt()),
        ({"type": "mute", "muted": True}, ev.Mute(True)),
        ({"type": "ping", "t": 1.5}, ev.Ping(1.5)),
        ({"type": "bye", "unknown": "fields are ignored"}, ev.Bye()),
    ],
)  # fmt: skip
def test_legal_messages(message: dict[str, object], event: ev.Inbound) -> None:
    assert decode(json.dumps(message)) == event


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ("", "bad_json", "JSON"),
        ("{", "bad_json", "JSON"),
        ("[" * 50_000, "bad_json", "JSON"),
        ("[]", "bad_message", "type"),
        ("{}", "bad_message", "type"),
        ('{"type": "dance"}', "bad_message", "start, text"),
        ('{"type": "start", "version": 2}', "bad_version", "version"),
        ('{"type": "start", "version": 1, "rate_hz": 4000}', "bad_message", "rate_hz"),
        ('{"type": "start", "version": 1, "rate_hz": "16000"}', "bad_message", "rate_hz"),
        ('{"type": "text", "text": 5}', "bad_message", "text"),
        ('{"type": "text", "text": ""}', "bad_message", "text"),
        ('{"type": "dtmf", "digit": "55"}', "bad_message", "digit"),
        ('{"type": "dtmf", "digit": "5\\n"}', "bad_message", "digit"),
        ('{"type": "dtmf", "digit": "\u0665"}', "bad_message", "digit"),
        ('{"type": "dtmf", "digit": 5}', "bad_message", "digit"),
        ('{"type": "played", "turn_id": 1, "ms": NaN}', "bad_message", "ms"),
        ('{"type": "played", "turn_id": -1, "ms": 0}', "bad_message", "turn_id"),
        ('{"type": "ping", "t": Infinity}', "bad_message", "t"),
        ('{"type": "text", "text": "' + "x" * MAX_MESSAGE_BYTES + '"}', "message_too_large", "limit"),
        (b"\0" * (MAX_MESSAGE_BYTES + 1), "message_too_large", "limit"),
    ],
)
def test_refused_messages_name_the_field(frame: str | bytes, code: str, words: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(frame)
    assert caught.value.code == code
    assert words in caught.value.message


@given(st.one_of(st.text(), st.binary(max_size=200)))
def test_no_bytes_raise_anything_else(frame: str | bytes) -> None:
    with suppress(ProtocolError):
        decode(frame)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["start", "text", "dtmf", "played", "interrupt", "mute", "ping", "bye", "other"])
names = st.sampled_from(["version", "rate_hz", "language", "text", "digit", "turn_id", "ms", "muted", "t", "speak"])


@given(kinds, st.dictionaries(names, json_values))
def test_no_fields_raise_anything_else(kind: str, fields: dict[str, object]) -> None:
    with suppress(ProtocolError):
        decode(json.dumps({"type": kind, **fields}))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=64))
def test_audio_carries_its_turn_and_sentence(turn_id: int, sentence: int, pcm: bytes) -> None:
    frame = encode(ev.AudioOut(turn_id, sentence, pcm))
    assert isinstance(frame, bytes)
    assert AUDIO_HEADER.unpack_from(frame) == (turn_id, sentence)
    assert frame[AUDIO_HEADER.size :] == pcm


NUMBER = Slot("order_number", "12345678", "12345678", 2, 10)
PARSE = Parse("订单12345678", "订单12345678", "zh", "order_status", 0.9, (NUMBER,), Sentiment("neutral", 0.8))
CARD = {"kind": "order", "data": {"total": "59.00", "at": "2026-01-02T03:04:00"}}
REPLY = Reply(
    2, "共 ¥59.00", "zh", (Card("order", {"total": Decimal("59"), "at": datetime(2026, 1, 2, 3, 4)}),), ("好的",), True,
    True, ReplyAction.SAY, ("shop:order",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("event", "kind", "fields"),
    [
        (ev.Ready("s", "c", 16000, 24000, None), "ready", {"version": 1, "customer": None}),
        (ev.Heard(SpeechStarted(1, 20.04)), "speech_started", {"at_ms": 20.0}),
        (ev.Heard(SpeechEnded(1, 900, 1450)), "speech_ended", {"end_ms": 900, "decided_ms": 1450}),
        (ev.Heard(Transcript(1, "你好", True, "zh", 0.91234, 0, 900)), "transcript", {"confidence": 0.912}),
        (ev.UnderstoodOut(2, PARSE), "understood", {"slots": {"order_number": "12345678"}, "intent": "order_status"}),
        (ev.ReplyOut(REPLY), "reply", {"cards": [CARD]}),
        (ev.AudioStart(2, 24000), "audio_start", {"rate_hz": 24000}),
        (ev.Caption(2, 0, "共五十九元", 0.0), "caption", {"sentence": 0}),
        (ev.AudioEnd(2, 1234.56), "audio_end", {"duration_ms": 1234.6}),
        (ev.Clear(2), "clear", {"turn_id": 2}),
        (ev.Latency(2, {"nlu_ms": 12.345}), "latency", {"hops": {"nlu_ms": 12.3}}),
        (ev.ErrorOut("x", "y", True), "error", {"fatal": True}),
        (ev.Pong(1.0), "pong", {"t": 1.0}),
        (ev.ByeOut("idle"), "bye", {"reason": "idle"}),
    ],
)  # fmt: skip
def test_outgoing_messages(event: ev.Outbound, kind: str, fields: dict[str, object]) -> None:
    message = json.loads(encode(event))
    assert message["type"] == kind
    assert {name: message[name] for name in fields} == fields
