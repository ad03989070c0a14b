"""The web voice protocol, version 1 (gateway/README.md): pure translation between frames and events.

Text frames are JSON objects with a ``type``; binary frames are audio. ``decode`` raises ``ProtocolError`` with the
field and the fix; it never raises anything else, whatever the bytes.
"""

from __future__ import annotations

import json
import struct
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from gateway import events as ev
from gateway.errors import ProtocolError
from gateway.wire import parse_json, reply_json, understood_json
from speech.types import RecognitionFailed, SpeechEnded, SpeechStarted, Transcript, Wordless

VERSION = 1
SUBPROTOCOL = f"kefu.v{VERSION}"
MAX_MESSAGE_BYTES = 65_536
AUDIO_HEADER = struct.Struct("<II")
"""Header of outgoing audio: turn_id, sentence (uint32 little endian)."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Start(_Message):
    type: Literal["start"]
    version: int
    rate_hz: Annotated[int, Field(ge=8000, le=48000)] = 16_000
    output_rate_hz: Annotated[int, Field(ge=8000, le=48000)] = 24_000
    language: ev.LanguageChoice = "auto"
    speak: bool = True
    greet: bool = True


class _Text(_Message):
    type: Literal["text"]
    text: Annotated[str, Field(min_length=1)]


class _Dtmf(_Message):
    type: Literal["dtmf"]
    digit: Annotated[str, Field(max_length=1, pattern="^[0-9*#]$")]


class _Played(_Message):
    type: Literal["played"]
    turn_id: Annotated[int, Field(ge=0)]
    ms: Annotated[float, Field(ge=0, le=3_600_000)]
    play: Annotated[int, Field(ge=0)] | None = None


class _Interrupt(_Message):
    type: Literal["interrupt"]


class _Mute(_Message):
    type: Literal["mute"]
    muted: bool


class _Ping(_Message):
    type: Literal["ping"]
    t: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class _Bye(_Message):
    type: Literal["bye"]


_AnyMessage = Annotated[
    _Start | _Text | _Dtmf | _Played | _Interrupt | _Mute | _Ping | _Bye, Field(discriminator="type")
]


class _Envelope(RootModel[_AnyMessage]):
    pass


def decode(frame: str | bytes) -> ev.Inbound:
    """One WebSocket message to an event. Raises ``ProtocolError``."""
    if len(frame) > MAX_MESSAGE_BYTES:
        raise ProtocolError(
            f"message of {len(frame)} bytes; the limit is {MAX_MESSAGE_BYTES}", code="message_too_large"
        )
    if isinstance(frame, bytes):
        return ev.AudioIn(frame)
    try:
        message = _Envelope.model_validate(parse_json(frame)).root
    except ValidationError as error:
        raise ProtocolError(_explain(error)) from error
    return _to_event(message)


def _to_event(message: Any) -> ev.Inbound:
    match message:
        case _Start():
            if message.version != VERSION:
                raise ProtocolError(
                    f"field 'version' is {message.version}; this gateway speaks {VERSION}", code="bad_version"
                )
            return ev.Start(message.rate_hz, message.output_rate_hz, message.language, message.speak, message.greet)
        case _Text():
            return ev.TextIn(message.text)
        case _Dtmf():
            return ev.Dtmf(message.digit)
        case _Played():
            return ev.Played(message.turn_id, message.ms, message.play)
        case _Interrupt():
            return ev.Interrupt()
        case _Mute():
            return ev.Mute(message.muted)
        case _Ping():
            return ev.Ping(message.t)
        case _:
            return ev.Bye()


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return "field 'type' must be one of start, text, dtmf, played, interrupt, mute, ping, bye"
    if not first["loc"]:
        return "the message must be a JSON object with a field 'type'"
    name = first["loc"][-1]
    return f"field '{name}': {first['msg']}"


def encode(event: ev.Outbound) -> str | bytes:
    """One event to a WebSocket message."""
    if isinstance(event, ev.AudioOut):
        return AUDIO_HEADER.pack(event.turn_id, event.sentence) + event.pcm
    return json.dumps(_to_json(event), ensure_ascii=False, separators=(",", ":"))


def _to_json(event: ev.Outbound) -> dict[str, Any]:
    match event:
        case ev.Ready():
            return {
                "type": "ready",
                "version": VERSION,
                "session_id": event.session_id,
                "conversation_id": event.conversation_id,
                "rate_hz": event.rate_hz,
                "output_rate_hz": event.output_rate_hz,
                "customer": event.customer,
            }
        case ev.Heard():
            return _speech_json(event)
        case ev.UnderstoodOut():
            return {"type": "understood", "turn_id": event.turn_id, **understood_json(event.parse)}
        case ev.ReplyOut():
            return {"type": "reply", **reply_json(event.reply)}
        case ev.AudioStart():
            return {"type": "audio_start", "turn_id": event.turn_id, "rate_hz": event.rate_hz, "play": event.play}
        case ev.Caption():
            return {
                "type": "caption",
                "turn_id": event.turn_id,
                "sentence": event.sentence,
                "text": event.text,
                "start_ms": round(event.start_ms, 1),
            }
        case ev.AudioEnd():
            return {"type": "audio_end", "turn_id": event.turn_id, "duration_ms": round(event.duration_ms, 1)}
        case ev.Clear():
            return {"type": "clear", "turn_id": event.turn_id}
        case ev.Latency():
            hops = {name: round(value, 1) for name, value in event.hops.items()}
            spans = [[span.name, round(span.start_ms, 1), round(span.end_ms, 1)] for span in event.spans]
            return {"type": "latency", "turn_id": event.turn_id, "hops": hops, "spans": spans}
        case ev.ErrorOut():
            return {"type": "error", "code": event.code, "message": event.message, "fatal": event.fatal}
        case ev.Pong():
            return {"type": "pong", "t": event.t}
        case ev.ByeOut():
            return {"type": "bye", "reason": event.reason}
        case ev.AudioOut():
            raise TypeError("audio is a binary frame")
        case ev.NoInput():
            raise TypeError("only a client that sets its own wait is told")


def _speech_json(heard: ev.Heard) -> dict[str, Any]:
    match heard.event:
        case SpeechStarted(utterance_id, start_ms):
            return {"type": "speech_started", "utterance_id": utterance_id, "at_ms": round(start_ms, 1)}
        case SpeechEnded(utterance_id, end_ms, decided_ms):
            return {
                "type": "speech_ended",
                "utterance_id": utterance_id,
                "end_ms": round(end_ms, 1),
                "decided_ms": round(decided_ms, 1),
            }
        case Transcript() as transcript:
            return {
                "type": "transcript",
                "utterance_id": transcript.utterance_id,
                "text": transcript.text,
                "is_final": transcript.is_final,
                "language": transcript.language,
                "confidence": round(transcript.confidence, 3),
                **({"verdict": heard.verdict} if heard.verdict else {}),
            }
        case RecognitionFailed() | Wordless():
            raise TypeError("the session turns it into a transcript, an apology or nothing")
