"""Messages of Plivo audio streams, bidirectional.

    start, media*, dtmf*, playedStream*, (stop)  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed, CallEnded
    audio, mark, clear                           -->  playAudio, checkpoint, clearAudio

``extra_headers`` are text, ``name=value`` with commas between, or an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import ProtocolError
from gateway.telephony.json_wire import (
    base64_of,
    child,
    common_event,
    compact,
    format_of,
    parameters_of,
    read_object,
    text,
)
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted, MarkPlayed, Message, WireEvent


class PlivoDialect:
    """One stream."""

    def __init__(self) -> None:
        self._stream_id = ""
        self._format = AudioFormat(8_000, "ulaw")

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        frame = read_object(message)
        match frame.get("event"):
            case "start":
                return (self._started(frame),)
            case "playedStream":
                return (MarkPlayed(text(frame, "name")),)
            case "clearedAudio":
                return ()
            case _:
                return common_event(frame)

    def _started(self, frame: Mapping[str, Any]) -> CallStarted:
        start = child(frame, "start")
        self._stream_id = text(start, "streamId") or text(frame, "streamId")
        call = text(start, "callId")
        if not self._stream_id or not call:
            raise ProtocolError("'start' names no stream or no call")
        self._format = format_of(child(start, "mediaFormat"), self._format)
        return CallStarted(CallFacts(call, parameters=_extra_headers(frame)), self._format)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        kind = "audio/x-mulaw" if self._format.law else "audio/x-l16"
        media = {"contentType": kind, "sampleRate": self._format.rate_hz, "payload": base64_of(payload)}
        return (compact({"event": "playAudio", "media": media}),)

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"event": "checkpoint", "streamId": self._stream_id, "name": name}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"event": "clearAudio", "streamId": self._stream_id}),)

    def hang_up(self) -> Sequence[Message]:
        """REST ends the call, or the end of the XML."""
        return ()


def _extra_headers(frame: Mapping[str, Any]) -> dict[str, str]:
    found = frame.get("extra_headers") or child(frame, "start").get("extra_headers")
    if isinstance(found, dict):
        return parameters_of(found)
    if not isinstance(found, str):
        return {}
    pairs = (part.strip().strip("{}").partition("=") for part in found.replace(";", ",").split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
