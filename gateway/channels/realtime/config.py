"""The session object of the Realtime API (GA): what a client may ask for, and what it gets. Pure.

A partial update is merged into what there is, checked as a whole, and shown back whole. What Kefu has not (another
model, instructions, a token limit) is taken and kept, as official clients send it unasked; what would break the call
(a format, a rate) is refused with the field and the fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialogue.functions import Functions, read_function
from gateway.channels.openai_tools import offer
from gateway.errors import ProtocolError
from gateway.events import LanguageChoice

MODEL = "kefu"
PCM_RATE_HZ = 24_000
G711_RATE_HZ = 8_000
MAX_TOOLS = 32

FormatName = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
Law = Literal["ulaw", "alaw"]
LAWS: dict[str, Law] = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class Format(_Part):
    """How audio is coded."""

    type: FormatName = "audio/pcm"
    rate: Literal[8000, 24000] | None = None

    @property
    def rate_hz(self) -> int:
        """PCM has 24 kHz, G.711 8 kHz."""
        return PCM_RATE_HZ if self.type == "audio/pcm" else G711_RATE_HZ

    @property
    def law(self) -> Law | None:
        """The law of G.711; None for PCM."""
        return LAWS.get(self.type)

    def checked(self) -> Format:
        """Raises ``ValueError`` when the rate is not the format's."""
        if self.rate not in {None, self.rate_hz}:
            raise ValueError(f"{self.type} has {self.rate_hz} Hz only")
        return Format(type=self.type, rate=24_000 if self.type == "audio/pcm" else None)


class Transcription(_Part):
    """That the customer's words are told to the client."""

    model: str | None = None
    language: str | None = None


class TurnDetection(_Part):
    """Who notices the end of a turn. Both kinds are Kefu's own; thresholds and waits are the gateway's."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: Annotated[int, Field(gt=0, le=3_600_000)] | None = None
    """Silence after an answer after which Kefu speaks; of ``server_vad`` only, as in the API."""


class Input(_Part):
    """What the client sends."""

    format: Format = Format()
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = TurnDetection()


class Output(_Part):
    """What it gets."""

    format: Format = Format()
    voice: str | dict[str, Any] = "kefu"
    speed: Annotated[float, Field(ge=0.25, le=1.5)] = 1.0


class Audio(_Part):
    """Both ways."""

    input: Input = Input()
    output: Output = Output()


class Tool(_Part):
    """A function of the client."""

    type: str
    name: str | None = None
    description: Any = None
    parameters: Any = None


class Session(_Part):
    """The whole object."""

    type: Literal["realtime", "transcription"] = "realtime"
    model: str = MODEL
    output_modalities: Annotated[list[Literal["text", "audio"]], Field(min_length=1, max_length=2)] = ["audio"]
    audio: Audio = Audio()
    instructions: str = ""
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS)] = []
    tool_choice: Any = "auto"

    @property
    def speaks(self) -> bool:
        """Whether answers are spoken."""
        return "audio" in self.output_modalities

    @property
    def is_push_to_talk(self) -> bool:
        """Whether the client says what is an utterance."""
        return self.audio.input.turn_detection is None

    @property
    def idle_timeout_ms(self) -> int | None:
        """The client's own wait for a customer who says nothing after an answer; None: it has none."""
        detection = self.audio.input.turn_detection
        return detection.idle_timeout_ms if detection is not None and detection.type == "server_vad" else None

    @property
    def language(self) -> LanguageChoice:
        """What the transcription was told to expect."""
        transcription = self.audio.input.transcription
        match ((transcription.language if transcription else None) or "").lower().partition("-")[0]:
            case "zh":
                return "zh"
            case "en":
                return "en"
            case _:
                return "auto"

    @property
    def functions(self) -> frozenset[str]:
        """Names of the client's functions that may be called."""
        return frozenset(self.offer({}).by_name)

    def offer(self, intents: Mapping[str, str]) -> Functions:
        """The client's functions; ``intents`` maps a function to one. Raises ``ProtocolError`` for ``tool_choice``."""
        functions = [
            read_function(tool.name, tool.description, tool.parameters)
            for tool in self.tools
            if tool.type == "function" and tool.name
        ]
        return offer(functions, self.tool_choice, intents)

    def fixed(self) -> tuple[object, ...]:
        """What cannot change once audio has flowed."""
        audio = self.audio
        return (self.type, self.speaks, audio.input.format.type, audio.output.format.type)


def updated(session: Session, changes: object) -> Session:
    """``session`` with a client's partial ``changes``. Raises ``ProtocolError`` with the field and the fix."""
    if not isinstance(changes, dict):
        raise ProtocolError("field 'session' must be an object", param="session")
    try:
        merged = Session.model_validate(_merged(session.model_dump(), changes))
        audio = merged.audio
        audio.input.format, audio.output.format = audio.input.format.checked(), audio.output.format.checked()
        merged.offer({})
    except ValidationError as error:
        first = error.errors()[0]
        field = "session." + ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"field '{field}': {first['msg'].lower()}", param=field) from error
    except ProtocolError as wrong:
        raise ProtocolError(wrong.message, param=f"session.{wrong.param}") from wrong
    except ValueError as error:
        raise ProtocolError(f"field 'session.audio': {error}", param="session.audio") from error
    return merged


def shown(session: Session, session_id: str) -> dict[str, Any]:
    """The object as the client sees it."""
    return {
        "object": f"realtime.{'transcription_' if session.type == 'transcription' else ''}session",
        "id": session_id,
        **session.model_dump(),
    }


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Objects are merged, all else is replaced; turn detection of another type is a new one."""
    merged = dict(old)
    for name, value in changes.items():
        known = merged.get(name)
        is_other = (
            isinstance(value, dict)
            and isinstance(known, dict)
            and value.get("type", known.get("type")) != known.get("type")
        )
        merged[name] = (
            _merged(known, value) if isinstance(value, dict) and isinstance(known, dict) and not is_other else value
        )
    return merged
