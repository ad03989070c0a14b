"""What a Realtime client sends: one JSON text frame, decoded into one of a closed set of values. Pure.

``decode`` raises ``ProtocolError`` with the field and the fix, and nothing else, whatever the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.channels.realtime.items import decoded_audio
from gateway.errors import ProtocolError
from gateway.wire import parse_json

_MAX_ID_CHARS = 128
_MAX_METADATA = 16


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """Change the session."""

    session: Any


@dataclass(frozen=True, slots=True)
class Append:
    """Microphone audio in the input format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """What was appended is an utterance (push to talk)."""


@dataclass(frozen=True, slots=True)
class ClearInput:
    """What was appended is to be forgotten."""


@dataclass(frozen=True, slots=True)
class CreateItem:
    """A message, or the result of a function."""

    item: Mapping[str, Any]
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class RetrieveItem:
    """Ask for an item."""

    item_id: str


@dataclass(frozen=True, slots=True)
class DeleteItem:
    """Forget an item."""

    item_id: str


@dataclass(frozen=True, slots=True)
class TruncateItem:
    """How much of an answer was heard."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class CreateResponse:
    """Answer now."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """The client's own, given back with the response."""


@dataclass(frozen=True, slots=True)
class CancelResponse:
    """Stop the answer."""

    response_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClearOutput:
    """Play nothing more of the answer; for sound that does not travel with the events."""


ClientEvent = (
    SessionUpdate | Append | Commit | ClearInput | CreateItem | RetrieveItem | DeleteItem | TruncateItem
    | CreateResponse | CancelResponse | ClearOutput
)  # fmt: skip


def decode(data: str | bytes) -> tuple[ClientEvent, str | None]:
    """(event, its ``event_id``). Raises ``ProtocolError``."""
    message = parse_json(data)
    if not isinstance(message, dict):
        raise ProtocolError("an event must be a JSON object with a 'type'")
    event_id = message.get("event_id")
    kind = message.get("type")
    decoder = _DECODERS.get(kind) if isinstance(kind, str) else None
    if decoder is None:
        known = ", ".join(_DECODERS)
        raise ProtocolError(f"field 'type' must be one of {known}", code="unknown_event", param="type")
    return decoder(message), event_id if isinstance(event_id, str) else None


def event_id_of(data: str | bytes) -> str | None:
    """The ``event_id`` of an event that cannot be decoded, where it has one."""
    try:
        message = parse_json(data)
    except ProtocolError:
        return None
    event_id = message.get("event_id") if isinstance(message, dict) else None
    return event_id if isinstance(event_id, str) else None


def _append(message: Mapping[str, Any]) -> Append:
    return Append(decoded_audio(message.get("audio"), "audio"))


def _create_item(message: Mapping[str, Any]) -> CreateItem:
    item, previous = message.get("item"), message.get("previous_item_id")
    if not isinstance(item, dict):
        raise ProtocolError("field 'item' must be an object", param="item")
    if item.get("id") is not None:
        _id(item, "id")
    return CreateItem(item, _id(message, "previous_item_id") if previous is not None else None)


def _create_response(message: Mapping[str, Any]) -> CreateResponse:
    response = message.get("response")
    if response is None:
        return CreateResponse()
    if not isinstance(response, dict):
        raise ProtocolError("field 'response' must be an object", param="response")
    if response.get("conversation", "auto") != "auto" or response.get("input") is not None:
        raise ProtocolError(
            "a response outside the conversation (conversation 'none', or an input of its own) is not given here; "
            "create items and leave both out",
            code="out_of_band_not_supported",
            param="response",
        )
    return CreateResponse(_metadata(response.get("metadata")))


def _metadata(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if isinstance(given, dict) and len(given) <= _MAX_METADATA and all(map(_is_short, given, given.values())):
        return {str(name): str(value) for name, value in given.items()}
    raise ProtocolError(
        f"field 'response.metadata' must be an object of at most {_MAX_METADATA} short strings",
        param="response.metadata",
    )


def _is_short(name: str, value: object) -> bool:
    return isinstance(value, str) and len(name) <= 64 and len(value) <= 512


def _truncate(message: Mapping[str, Any]) -> TruncateItem:
    at = message.get("audio_end_ms")
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at <= 3_600_000:
        raise ProtocolError("field 'audio_end_ms' must be a whole number of milliseconds", param="audio_end_ms")
    return TruncateItem(_id(message, "item_id"), at)


def _cancel(message: Mapping[str, Any]) -> CancelResponse:
    return CancelResponse(_id(message, "response_id") if message.get("response_id") is not None else None)


def _id(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID_CHARS or not value.isprintable():
        raise ProtocolError(f"field '{name}' must be a string of 1 to {_MAX_ID_CHARS} printable characters", param=name)
    return value


_DECODERS: dict[str, Callable[[Mapping[str, Any]], ClientEvent]] = {
    "session.update": lambda message: SessionUpdate(message.get("session")),
    "input_audio_buffer.append": _append,
    "input_audio_buffer.commit": lambda _: Commit(),
    "input_audio_buffer.clear": lambda _: ClearInput(),
    "conversation.item.create": _create_item,
    "conversation.item.retrieve": lambda message: RetrieveItem(_id(message, "item_id")),
    "conversation.item.delete": lambda message: DeleteItem(_id(message, "item_id")),
    "conversation.item.truncate": _truncate,
    "response.create": _create_response,
    "response.cancel": _cancel,
    "output_audio_buffer.clear": lambda _: ClearOutput(),
}
