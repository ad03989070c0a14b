"""Messages of Twilio Media Streams, bidirectional (JSON text; numbers travel as strings); Exotel's and Telnyx's kin.

    connected, start, media*, dtmf*, mark*, stop  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed, CallEnded
    audio, mark, clear                            -->  media, mark, clear

Pure. Twilio echoes marks also when it clears (see ``gateway.telephony.far_end``).
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


class TwilioDialect:
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
            case _:
                return common_event(frame)

    def _started(self, frame: Mapping[str, Any]) -> CallStarted:
        start = child(frame, "start")
        self._stream_sid = text(frame, "streamSid") or text(start, "streamSid")
        call_sid = text(start, "callSid")
        if not self._stream_sid or not call_sid:
            raise ProtocolError("'start' names no stream or no call")
        parameters = parameters_of(child(start, "customParameters"))
        form = format_of(child(start, "mediaFormat"), AudioFormat(8_000, "ulaw"))
        return CallStarted(CallFacts(call_sid, parameters=parameters), form)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._frame("media", media={"payload": base64_of(payload)}),)

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._frame("mark", mark={"name": name}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (self._frame("clear"),)

    def hang_up(self) -> Sequence[Message]:
        """Closing the socket, and REST, end the call."""
        return ()

    def _frame(self, event: str, **fields: Any) -> str:
        return compact({"event": event, "streamSid": self._stream_sid, **fields})
