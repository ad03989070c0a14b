"""Messages of Exotel's voicebot streams: Twilio's in snake case, 16-bit samples at 8 kHz in base64.

connected, start, media*, dtmf*, mark*, stop  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed, CallEnded
audio, mark, clear                            -->  media, mark, clear
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

_FRAME_BYTES = 320
"""Exotel plays whole frames of 20 ms."""


class ExotelDialect:
    """One stream."""

    def __init__(self) -> None:
        self._stream_sid = ""

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        frame = read_object(message)
        match frame.get("event"):
            case "start":
                return (self._started(frame),)
            case "mark":
                return (MarkPlayed(text(child(frame, "mark"), "name")),)
            case "clear":
                return ()
            case _:
                return common_event(frame)

    def _started(self, frame: Mapping[str, Any]) -> CallStarted:
        start = child(frame, "start")
        self._stream_sid = text(frame, "stream_sid") or text(start, "stream_sid")
        call = text(start, "call_sid")
        if not self._stream_sid or not call:
            raise ProtocolError("'start' names no stream or no call")
        form = format_of(child(start, "media_format"), AudioFormat(8_000))
        parameters = parameters_of(child(start, "custom_parameters"))
        return CallStarted(CallFacts(call, text(start, "from"), text(start, "to"), parameters), form)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        whole = payload.ljust(-(-len(payload) // _FRAME_BYTES) * _FRAME_BYTES, b"\0")
        return (self._frame("media", media={"payload": base64_of(whole)}),)

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._frame("mark", mark={"name": name}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._frame("clear"),)

    def hang_up(self) -> Sequence[Message]:
        """Closing the socket goes on with the next applet."""
        return ()

    def _frame(self, event: str, **fields: Any) -> str:
        return compact({"event": event, "stream_sid": self._stream_sid, **fields})
