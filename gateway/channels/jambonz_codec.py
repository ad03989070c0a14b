"""Messages of jambonz's ``listen``/``stream`` verb and of mod_audio_fork: sound is binary s16le, the rest JSON text.

    call attributes, binary*, dtmf, mark  -->  CallStarted, MediaIn, KeyPressed, MarkPlayed
    audio, mark, clear, hang_up           -->  binary, mark, killAudio and clearMarks, disconnect

Our sound is played only where the verb has ``bidirectionalAudio.streaming``; marks that were cleared say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


class JambonzDialect:
    """One stream. Its first text is the call's attributes."""

    def __init__(self) -> None:
        self._has_begun = False

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """See ``Dialect``."""
        if isinstance(message, bytes):
            return (MediaIn(message[: len(message) & ~1]),) if len(message) > 1 else ()
        frame = read_object(message)
        if not self._has_begun:
            started = _started(frame)
            self._has_begun = True
            return (started,)
        if frame.get("event") == "dtmf":
            return (KeyPressed(text(frame, "dtmf")),)
        data = child(frame, "data")
        if frame.get("type") == "mark" and data.get("event") == "playout":
            return (MarkPlayed(text(data, "name")),)
        return ()

    def audio(self, payload: bytes) -> Sequence[Message]:
        """See ``Dialect``."""
        return (payload,)

    def mark(self, name: str) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"type": "mark", "data": {"name": name}}),)

    def clear(self) -> Sequence[Message]:
        """See ``Dialect``."""
        return (compact({"type": "killAudio"}), compact({"type": "clearMarks"}))

    def hang_up(self) -> Sequence[Message]:
        """Ends the verb; what follows it in the application comes next."""
        return (compact({"type": "disconnect"}),)


def _started(frame: Mapping[str, Any]) -> CallStarted:
    form = format_of({"encoding": "l16", "sampleRate": frame.get("sampleRate")}, AudioFormat(8_000))
    call = text(frame, "callSid", "call_sid", "uuid", "callId")
    parameters = {**parameters_of(child(frame, "metadata")), **parameters_of(frame)}
    return CallStarted(CallFacts(call, text(frame, "from"), text(frame, "to"), parameters), form)
