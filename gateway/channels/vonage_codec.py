"""Messages of Vonage's WebSocket endpoint: sound is binary s16le in whole frames of 20 ms, the rest JSON text.

    websocket:connected, binary*, websocket:dtmf, websocket:notify  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed
    audio, mark, clear                                              -->  binary, notify, clear

The headers that our answer (NCCO) gave the endpoint stand beside ``event`` in the first message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import ProtocolError
from gateway.telephony.json_wire import child, compact, format_of, parameters_of, read_object, text
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

FRAME_MS = 20
"""Messages of another length are not played."""


class VonageDialect:
    """One stream."""

    def __init__(self) -> None:
        self._frame_bytes = 0

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        if isinstance(message, bytes):
            return (MediaIn(message[: len(message) & ~1]),) if len(message) > 1 else ()
        frame = read_object(message)
        match frame.get("event"):
            case "websocket:connected":
                return (self._started(frame),)
            case "websocket:dtmf":
                return (KeyPressed(text(frame, "digit") or text(child(frame, "dtmf"), "digit")),)
            case "websocket:notify":
                return (MarkPlayed(text(child(frame, "payload"), "mark")),)
            case str():
                return ()
            case _:
                raise ProtocolError("a message of no event")

    def _started(self, frame: Mapping[str, Any]) -> CallStarted:
        kind, _, rate = text(frame, "content-type").partition(";rate=")
        form = format_of({"encoding": kind.removeprefix("audio/"), "sampleRate": rate}, AudioFormat(8_000))
        self._frame_bytes = round(form.bytes_per_ms * FRAME_MS)
        facts = CallFacts(text(frame, "call"), text(frame, "from"), text(frame, "to"), parameters_of(frame))
        if not facts.call_id:
            raise ProtocolError("'websocket:connected' names no call")
        return CallStarted(facts, form)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``: a message a frame, the last one filled up with silence."""
        size = self._frame_bytes
        return [payload[at : at + size].ljust(size, b"\0") for at in range(0, len(payload), size)]

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"action": "notify", "payload": {"mark": name}}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"action": "clear"}),)

    def hang_up(self) -> Sequence[Message]:
        """The end of the socket is the end of our answer, and of the call."""
        return ()
