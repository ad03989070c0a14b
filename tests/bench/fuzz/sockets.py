"""What clients of the web socket, the Realtime API, the data channel and WebRTC's start say."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from gateway import events as ev
from gateway.channels import web_codec
from gateway.channels.realtime import client_events
from gateway.channels.realtime.config import Session, shown, updated
from gateway.channels.realtime.items import Items, from_client, said
from gateway.channels.webrtc.door import start_of
from gateway.errors import ProtocolError
from gateway.wire import parse_json
from tests.bench.fuzz.cases import Case, Message
from tests.bench.fuzz.judge import Subject


def _text(**fields: Any) -> str:
    return json.dumps(fields)


def _web_seeds() -> Sequence[Case]:
    start = _text(
        type="start", version=1, rate_hz=16_000, output_rate_hz=24_000, language="zh", speak=True, greet=False
    )
    return [
        (start, bytes(640), _text(type="text", text="我的订单什么时候到"), _text(type="bye")),
        (start, _text(type="dtmf", digit="5"), _text(type="played", turn_id=1, ms=20.5, play=1)),
        (start, _text(type="mute", muted=True), _text(type="ping", t=1.5), _text(type="interrupt")),
    ]


def _web() -> Any:
    def feed(message: Message) -> object:
        try:
            event = web_codec.decode(message)
        except ProtocolError as error:
            return web_codec.encode(ev.ErrorOut(error.code, error.message, fatal=False))
        return (event, web_codec.encode(ev.Pong(event.t))) if isinstance(event, ev.Ping) else event

    return feed


def _webrtc_seeds() -> Sequence[Case]:
    return [(_text(language="zh", speak=True, greet=False),), (_text(language="en"), *_web_seeds()[1][1:])]


def _webrtc() -> Any:
    """The body's ``start``, then the data channel."""
    data = _web()

    def feed(message: Message) -> object:
        value = parse_json(message) if isinstance(message, str) else None
        if isinstance(value, dict) and "type" not in value:
            return start_of(value)
        return data(message)

    return feed


def _realtime_seeds() -> Sequence[Case]:
    audio = {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "whisper-1", "language": "zh"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "create_response": True},
            "noise_reduction": {"type": "near_field"},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.0},
    }
    tool = {"type": "function", "name": "hand_off", "description": "d", "parameters": {"type": "object"}}
    session = {
        "type": "realtime", "model": "gpt-realtime", "output_modalities": ["audio"], "instructions": "i",
        "audio": audio,
        "tools": [tool], "tool_choice": "auto", "max_output_tokens": "inf", "prompt": {"id": "p", "version": "1"},
    }  # fmt: skip
    sound = {"type": "input_audio", "audio": b64encode(bytes(32)).decode()}
    typed = {"type": "input_text", "text": "你好"}
    words = {"type": "message", "role": "user", "id": "m1", "content": [typed, sound]}
    result = {"type": "function_call_output", "call_id": "c1", "output": "{}"}
    update = _text(type="session.update", event_id="e1", session=session)
    append = _text(type="input_audio_buffer.append", audio=b64encode(bytes(96)).decode())
    create = _text(type="conversation.item.create", item=words, previous_item_id=None)
    return [
        (update, append, _text(type="input_audio_buffer.commit"), _text(type="input_audio_buffer.clear")),
        (
            create,
            _text(type="conversation.item.retrieve", item_id="m1"),
            _text(type="response.create", response={"metadata": {"a": "b"}}),
        ),
        (
            create,
            _text(type="conversation.item.truncate", item_id="m1", content_index=0, audio_end_ms=5),
            _text(type="conversation.item.delete", item_id="m1"),
        ),
        (_text(type="conversation.item.create", item=result), _text(type="response.cancel", response_id="r1")),
        (
            _text(
                type="session.update", session={"type": "transcription", "audio": {"input": {"turn_detection": None}}}
            ),
        ),
    ]


def _realtime() -> Any:
    numbers = itertools.count()
    items = Items()
    session = Session()

    def take(message: Message) -> object:
        nonlocal session
        event, event_id = client_events.decode(message)
        match event:
            case client_events.SessionUpdate():
                session = updated(session, event.session)
                return shown(session, "s"), session.language, session.functions, event_id
            case client_events.CreateItem():
                item = from_client(event.item, lambda: f"item_{next(numbers)}")
                return said(item), items.add(item), item, event_id
            case client_events.RetrieveItem():
                return items.get(event.item_id), event_id
            case client_events.DeleteItem():
                return items.remove(event.item_id), event_id
            case _:
                return event, event_id

    def feed(message: Message) -> object:
        try:
            return take(message)
        except ProtocolError as error:
            # The answer names the event that was wrong.
            return error.message, error.param, client_events.event_id_of(message)

    return feed


_WEB_WORDS = (
    "type", "start", "version", "rate_hz", "output_rate_hz", "language", "speak", "greet", "text", "dtmf", "digit",
    "played",
    "turn_id", "ms", "play", "interrupt", "mute", "muted", "ping", "t", "bye", "zh", "en", "auto",
)  # fmt: skip
_REALTIME_WORDS = (
    "type", "event_id", "session", "audio", "input", "output", "format", "rate", "transcription", "turn_detection",
    "item",
    "session.update", "conversation.item.create", "input_audio_buffer.append", "response.create", "item_id",
    "content", "role",
    "user", "assistant", "system", "function_call", "function_call_output", "output", "call_id", "name", "arguments",
    "tools",
    "audio/pcm", "audio/pcma", "realtime", "transcription", "server_vad", "semantic_vad", "input_text",
    "input_audio", "id",
    "output_modalities", "language", "speed", "voice", "previous_item_id", "metadata", "conversation", "none",
)  # fmt: skip

WEB = Subject(
    "web", _web_seeds, _web, (ProtocolError,), _WEB_WORDS
)  # fmt: skip
WEBRTC = Subject(
    "webrtc",
    _webrtc_seeds,
    _webrtc,
    (ProtocolError,),
    _WEB_WORDS,
)
REALTIME = Subject("realtime", _realtime_seeds, _realtime, (ProtocolError,), _REALTIME_WORDS)

SUBJECTS = [WEB, WEBRTC, REALTIME]
