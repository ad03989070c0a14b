"""What media streams of one JSON object a message say alike, its kind in ``event``: Twilio's and its kin's. Pure.

    text --> read_object --> what the dialect has of its own, or common_event: media (base64), dtmf, stop, connected

Numbers may travel as strings; a field of another type is as none.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import ProtocolError
from gateway.telephony.wire import AudioFormat, CallEnded, KeyPressed, MediaIn, Message, WireEvent
from gateway.wire import read_json
from speech.g711 import Law

_LAWS: Mapping[str, Law] = {"audio/x-mulaw": "ulaw", "audio/x-alaw": "alaw", "pcmu": "ulaw", "pcma": "alaw"}
_LINEAR = frozenset({"audio/x-l16", "audio/x-raw", "l16", "raw/slin", "base64", "linear16"})
_MIN_HZ, _MAX_HZ = 8_000, 48_000


def read_object(message: Message) -> Mapping[str, Any]:
    """The JSON object of a text message. Raises ``ProtocolError``."""
    if isinstance(message, bytes):
        raise ProtocolError("this stream has no binary messages")
    try:
        value = read_json(message)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message is not JSON") from error
    if not isinstance(value, dict):
        raise ProtocolError("a message is not a JSON object")
    return value


def common_event(frame: Mapping[str, Any]) -> Sequence[WireEvent]:
    """What an event says that is the same in every dialect. Raises ``ProtocolError`` for an unknown one."""
    match frame.get("event"):
        case "media":
            media = child(frame, "media")
            return (MediaIn(payload_of(media), number(media, "timestamp")),)
        case "dtmf":
            return (KeyPressed(text(child(frame, "dtmf"), "digit")),)
        case "stop":
            return (CallEnded(),)
        case "connected":
            return ()
        case _:
            raise ProtocolError("a message of an unknown event")


def child(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object in this field, empty when there is none."""
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def text(value: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds text or a number; empty when none does."""
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found:
            return found
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
    return ""


def number(value: Mapping[str, Any], name: str) -> float | None:
    """A number, also one that travels as a string; None when there is none."""
    found = text(value, name)
    return float(found) if found.isascii() and found.isdigit() and len(found) < 16 else None


def payload_of(media: Mapping[str, Any]) -> bytes:
    """The sound of a media message. Raises ``ProtocolError``."""
    try:
        return base64.b64decode(text(media, "payload"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("a media payload is not base64") from error


def format_of(media_format: Mapping[str, Any], default: AudioFormat) -> AudioFormat:
    """What ``mediaFormat`` says. Raises ``ProtocolError`` for a code that we do not speak."""
    encoding = text(media_format, "encoding").lower().partition(";")[0]
    rate = number(media_format, "sampleRate") or number(media_format, "sample_rate") or float(default.rate_hz)
    rate_hz = int(rate)
    if not _MIN_HZ <= rate_hz <= _MAX_HZ:
        raise ProtocolError(f"the stream has {rate_hz} Hz", code="format_not_supported")
    if encoding in _LAWS:
        return AudioFormat(rate_hz, _LAWS[encoding])
    if encoding in _LINEAR:
        return AudioFormat(rate_hz)
    if not encoding:
        return default
    raise ProtocolError(f"the stream is encoded as {encoding[:40]!r}", code="format_not_supported")


def parameters_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Custom parameters, those that are text."""
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def base64_of(payload: bytes) -> str:
    """As media messages carry it."""
    return base64.b64encode(payload).decode()


def compact(value: Mapping[str, Any]) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
