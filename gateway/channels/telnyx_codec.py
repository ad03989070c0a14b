"""Messages of Telnyx media streaming, bidirectional RTP mode: Twilio's in snake case, sound not always in order.

    connected, start, media*, dtmf*, mark*, error, stop  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed, CallEnded
    audio, mark, clear                                   -->  media, mark, clear (without a stream id)

A payload is an RTP payload without its header. Marks come back on a clear too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import ProtocolError
from gateway.telephony.in_order import InOrder
from gateway.telephony.json_wire import (
    base64_of,
    child,
    common_event,
    compact,
    format_of,
    number,
    parameters_of,
    payload_of,
    read_object,
    text,
)
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted, MarkPlayed, MediaIn, Message, WireEvent

_PATIENCE = 6
"""Messages that wait for one that is missing."""


class TelnyxDialect:
    """One stream."""

    def __init__(self) -> None:
        self._order: InOrder[MediaIn] = InOrder(_PATIENCE, bits=32)

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        frame = read_object(message)
        match frame.get("event"):
            case "start":
                return (_started(frame),)
            case "media":
                media = child(frame, "media")
                if text(media, "track").startswith("outbound"):
                    return ()
                chunk = number(media, "chunk")
                run = MediaIn(payload_of(media), number(media, "timestamp"))
                return (run,) if chunk is None else self._order.put(int(chunk), run)
            case "mark":
                return (MarkPlayed(text(child(frame, "mark"), "name")),)
            case "error":
                return ()
            case _:
                return common_event(frame)

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"event": "media", "media": {"payload": base64_of(payload)}}),)

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"event": "mark", "mark": {"name": name}}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"event": "clear"}),)

    def hang_up(self) -> Sequence[Message]:
        """REST, or the end of the TeXML, ends the call."""
        return ()


def _started(frame: Mapping[str, Any]) -> CallStarted:
    start = child(frame, "start")
    call = text(start, "call_control_id", "call_sid")
    if not call:
        raise ProtocolError("'start' names no call")
    form = format_of(child(start, "media_format"), AudioFormat(8_000, "ulaw"))
    parameters = parameters_of(child(start, "custom_parameters"))
    return CallStarted(CallFacts(call, text(start, "from"), text(start, "to"), parameters), form)
