"""The two closed unions between a session and its channel: what comes in from the customer, what goes out to them.

Channels translate their wire format to and from these (``decode`` / ``encode``); the session knows no wire format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dialogue.functions import FunctionResult
from dialogue.types import Reply
from nlu.types import Parse
from speech.types import SpeechEvent

LanguageChoice = Literal["zh", "en", "auto"]


@dataclass(frozen=True, slots=True)
class Start:
    """The customer's side is ready; must come first."""

    rate_hz: int = 16_000
    """Microphone rate."""
    output_rate_hz: int = 24_000
    """Rate the answer is wanted at."""
    language: LanguageChoice = "auto"
    speak: bool = True
    """False: answers are shown, not spoken."""
    greet: bool = True
    channel: str = "web"
    """The door it came through; said by the channel, for logs, metrics and the turns."""


@dataclass(frozen=True, slots=True)
class AudioIn:
    """Microphone audio, s16le mono at ``Start.rate_hz``, any length."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class TextIn:
    """A typed message."""

    text: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A key of the phone keypad."""

    digit: str
    """One of ``0123456789*#``."""


@dataclass(frozen=True, slots=True)
class Played:
    """How much of a turn's audio has left the speaker."""

    turn_id: int
    ms: float
    """Counted from the start of the play."""
    play: int | None = None
    """``AudioStart.play``; None: the one that runs."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """How much of a play that was cleared had left the speaker; for clients that report nothing else."""

    turn_id: int
    ms: float
    """Counted from the start of the play."""
    play: int


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """What a function of the client gave back; told once nothing else is being said."""

    result: FunctionResult


@dataclass(frozen=True, slots=True)
class Forget:
    """What the microphone has heard of the utterance in progress does not count."""


@dataclass(frozen=True, slots=True)
class Greet:
    """The client asks for the first words."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The customer pressed "stop talking"."""


@dataclass(frozen=True, slots=True)
class Mute:
    """The microphone was closed or opened."""

    muted: bool


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a ``Pong``."""

    t: float


@dataclass(frozen=True, slots=True)
class Bye:
    """The customer leaves."""


Inbound = (
    Start | AudioIn | TextIn | Dtmf | Played | Truncated | FunctionOutput | Forget | Greet | Interrupt | Mute | Ping
    | Bye
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is open."""

    session_id: str
    conversation_id: str
    rate_hz: int
    output_rate_hz: int
    customer: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening made of the microphone."""

    event: SpeechEvent
    verdict: str | None = None
    """Of a final transcript: ``turn``, or why none follows (``speech.overlap.Verdict``)."""


@dataclass(frozen=True, slots=True)
class UnderstoodOut:
    """What Kefu made of a turn."""

    turn_id: int
    parse: Parse


@dataclass(frozen=True, slots=True)
class ReplyOut:
    """One piece of the answer."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class AudioStart:
    """Audio of this turn follows: its beginning, or what was held at a barge-in."""

    turn_id: int
    rate_hz: int
    play: int = 0
    """Counts up within a session."""


@dataclass(frozen=True, slots=True)
class AudioOut:
    """A run of answer audio, s16le mono at the output rate."""

    turn_id: int
    sentence: int
    pcm: bytes
    play: int = 0


@dataclass(frozen=True, slots=True)
class Caption:
    """The words of a sentence and where it starts, counted from the start of the play."""

    turn_id: int
    sentence: int
    text: str
    start_ms: float
    play: int = 0


@dataclass(frozen=True, slots=True)
class AudioEnd:
    """No more audio for this turn; the play lasts this long."""

    turn_id: int
    duration_ms: float
    play: int = 0


@dataclass(frozen=True, slots=True)
class Clear:
    """Barge-in: stop playing this turn at once."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work for a turn, on the clock that begins at the end of the customer's speech."""

    name: str
    """``endpoint``, ``asr``, ``nlu``, ``dialogue``, ``tts``."""
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class NoInput:
    """The customer has said nothing for as long as the client wanted (``Manners.no_input_s``); words of ours follow."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time of a turn went, milliseconds by hop."""

    turn_id: int
    hops: Mapping[str, float]
    spans: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class ErrorOut:
    """Something went wrong; ``message`` says what the customer or the client's programmer can do."""

    code: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to ``Ping``."""

    t: float


@dataclass(frozen=True, slots=True)
class ByeOut:
    """The session is over."""

    reason: str


Outbound = (
    Ready
    | Heard
    | UnderstoodOut
    | ReplyOut
    | AudioStart
    | AudioOut
    | Caption
    | AudioEnd
    | Clear
    | NoInput
    | Latency
    | ErrorOut
    | Pong
    | ByeOut
)
