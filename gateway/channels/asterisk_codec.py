"""Messages of Asterisk's chan_websocket, both control formats: sound is binary, control is text.

    MEDIA_START, DTMF_END, MEDIA_MARK_PROCESSED, ...  -->  CallStarted, KeyPressed, MarkPlayed
    audio, mark, clear, hang_up                       -->  binary, MARK_MEDIA, FLUSH_MEDIA, HANGUP

Asterisk's own rules that are kept here: one command a message, at most 128 bytes, in text, in the format in which
``MEDIA_START`` came; binary messages hold whole frames of 20 ms, because it drops what is none, and stay below 16 KiB.
So its buffering mode is never needed, which versions treat differently.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence

from gateway.errors import ProtocolError
from gateway.telephony.json_wire import parameters_of, read_object, text
from gateway.telephony.wire import (
    AudioFormat,
    CallFacts,
    CallStarted,
    KeyPressed,
    MarkPlayed,
    MediaIn,
    Message,
    WireEvent,
)

FORMATS: Mapping[str, AudioFormat] = {
    "ulaw": AudioFormat(8_000, "ulaw"),
    "alaw": AudioFormat(8_000, "alaw"),
    "slin": AudioFormat(8_000),
    "slin12": AudioFormat(12_000),
    "slin16": AudioFormat(16_000),
    "slin24": AudioFormat(24_000),
    "slin32": AudioFormat(32_000),
    "slin44": AudioFormat(44_100),
    "slin48": AudioFormat(48_000),
}
MAX_COMMAND_BYTES = 128
_MAX_BINARY_BYTES = 16_000
_FRAME_MS = 20
_MOST_MARKS = 500
_MAX_EVENT_CHARS = 16_000


class AsteriskDialect:
    """One channel. ``facts``: what the upgrade's address said of the call."""

    def __init__(self, from_number: str = "", to_number: str = "") -> None:
        self._from, self._to = from_number, to_number
        self._is_json = False
        self._format = AudioFormat(8_000)
        self._marks: deque[str] = deque(maxlen=_MOST_MARKS)
        """Not processed yet: some versions do not name the mark in the plain format."""

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        if isinstance(message, bytes):
            return (MediaIn(message),) if message else ()
        if len(message) > _MAX_EVENT_CHARS:
            raise ProtocolError("an event is too long")
        self._is_json = message.startswith("{") if "MEDIA_START" in message else self._is_json
        name, fields = _json_event(message) if message.startswith("{") else _plain_event(message)
        match name:
            case "MEDIA_START":
                return (self._started(fields),)
            case "DTMF_END":
                return (KeyPressed(fields.get("digit", "")),)
            case "MEDIA_MARK_PROCESSED":
                return (MarkPlayed(self._processed(fields.get("correlation_id", ""))),)
            case _:
                # XOFF, XON, STATUS, ERROR, ...: what is sent is four seconds ahead at most, the queue holds twenty.
                return ()

    def _processed(self, name: str) -> str:
        """The mark that was processed: the oldest where it is not named."""
        if not self._marks:
            return name
        if name not in self._marks:
            return name or self._marks.popleft()
        while self._marks.popleft() != name:
            pass
        return name

    def _started(self, fields: Mapping[str, str]) -> CallStarted:
        name = fields.get("format", "")
        if name not in FORMATS:
            raise ProtocolError(
                f"the channel's format is {name[:20]!r}: dial with c(slin16)", code="format_not_supported"
            )
        call = fields.get("channel_id") or fields.get("connection_id", "")
        if not call:
            raise ProtocolError("'MEDIA_START' names no channel")
        self._format = FORMATS[name]
        return CallStarted(CallFacts(call, self._from, self._to, dict(fields)), self._format)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        frame_bytes = round(self._format.bytes_per_ms * _FRAME_MS)
        silence = self._format.encoded(b"\0\0")
        missing = -len(payload) % frame_bytes
        whole = payload + silence * (missing // len(silence))
        size = _MAX_BINARY_BYTES // frame_bytes * frame_bytes
        return [whole[at : at + size] for at in range(0, len(whole), size)]

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        self._marks.append(name)
        return (self._command("MARK_MEDIA", name),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``. A flush drops the marks too."""
        self._marks.clear()
        return (self._command("FLUSH_MEDIA"),)

    def hang_up(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._command("HANGUP"),)

    def _command(self, name: str, correlation_id: str = "") -> str:
        if self._is_json:
            fields = {"command": name, **({"correlation_id": correlation_id} if correlation_id else {})}
            return json.dumps(fields, separators=(",", ":"))
        return f"{name} {correlation_id}".strip()


def _json_event(message: str) -> tuple[str, Mapping[str, str]]:
    frame = read_object(message)
    variables = frame.get("channel_variables")
    inherited = parameters_of(variables) if isinstance(variables, dict) else {}
    fields = {str(name): text(frame, str(name)) for name in frame if not isinstance(frame[name], (dict, list))}
    return text(frame, "event"), {**inherited, **fields}


def _plain_event(message: str) -> tuple[str, Mapping[str, str]]:
    """``WORD key:value key:value``, or ``WORD id``."""
    name, _, rest = message.strip().partition(" ")
    fields: dict[str, str] = {}
    for part in rest.split(" "):
        key, colon, value = part.partition(":")
        if colon:
            fields[key] = value
        elif part:
            fields.setdefault("correlation_id", part)
    return name, fields
