"""What a telephone's media stream says, whatever its dialect: pure values between a codec and a call.

    wire message --> Dialect.decode --> CallStarted, MediaIn, KeyPressed, MarkPlayed, CallEnded --> call
    call --> Dialect.audio / mark / clear / hang_up --> wire messages

A codec file in ``gateway/channels`` knows one provider's messages and nothing else: no sockets, no clock, no session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from speech import g711
from speech.g711 import Law

Message = str | bytes
"""One WebSocket message, text or binary."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a stream carries sound: mono, one code."""

    rate_hz: int
    law: Law | None = None
    """None: s16le."""

    def decoded(self, payload: bytes) -> bytes:
        """s16le of a payload."""
        return g711.decode(payload, self.law) if self.law else payload

    def encoded(self, pcm: bytes) -> bytes:
        """Payload of s16le."""
        return g711.encode(pcm, self.law) if self.law else pcm

    @property
    def bytes_per_ms(self) -> float:
        """Of a payload."""
        return self.rate_hz / 1000 * (1 if self.law else 2)


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Who calls whom, as far as the network says. Numbers are personal data: never logged."""

    call_id: str
    """The provider's name of the call."""
    from_number: str = ""
    to_number: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What our own answer to the voice webhook gave the stream to carry; the pass among it."""


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The stream is open; comes once, before anything is sent."""

    facts: CallFacts
    format: AudioFormat


@dataclass(frozen=True, slots=True)
class MediaIn:
    """A run of the caller's sound, in the stream's format."""

    payload: bytes
    at_ms: float | None = None
    """Where it begins on the stream's clock; None: right after the last."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of the phone."""

    digit: str


@dataclass(frozen=True, slots=True)
class MarkPlayed:
    """The far end has come to this mark, or has thrown it away: only its name tells."""

    name: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The far end says that there is no more."""


WireEvent = CallStarted | MediaIn | KeyPressed | MarkPlayed | CallEnded
KEYS = frozenset("0123456789*#")
"""Keys that mean something to us; A to D of ancient phones do not."""


class Dialect(Protocol):
    """One provider's messages, for one stream: it may remember the stream's name. Pure."""

    def decode(self, message: Message) -> Sequence[WireEvent]:
        """What a message says; nothing for what is of no interest. Raises ``ProtocolError``."""
        ...

    def audio(self, payload: bytes) -> Sequence[Message]:
        """Play this, after what was sent before."""
        ...

    def mark(self, name: str) -> Sequence[Message]:
        """Tell us when everything before has been played."""
        ...

    def clear(self) -> Sequence[Message]:
        """Forget at once what has not been played."""
        ...

    def hang_up(self) -> Sequence[Message]:
        """End the call; empty where closing the socket or the provider's REST does it."""
        ...
