"""What a Realtime client sends: one JSON text frame, decoded into one of a closed set of values. Pure.

``decode`` raises ``ProtocolError`` with the field and the fix, and nothing else, whatever the bytes.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import ProtocolError
from gateway.wire import parse_json

MAX_AUDIO_BYTES = 768 * 1024
"""Of one event: 16 s of PCM. The API allows 15 MiB, which would be held in memory for every caller at once."""
_MAX_ID_CHARS = 128


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

    response: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CancelResponse:
    """Stop the answer."""

    response_id: str | None = None


ClientEvent = (
    SessionUpdate | Append | Commit | ClearInput | CreateItem | RetrieveItem | DeleteItem | TruncateItem
    | CreateResponse | CancelResponse
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
    audio = message.get("audio")
    if not isinstance(audio, str):
        raise ProtocolError("field 'audio' must be a string of base64", param="audio")
    if len(audio) > MAX_AUDIO_BYTES * 4 // 3 + 4:
        raise ProtocolError(f"field 'audio' holds more than {MAX_AUDIO_BYTES} bytes", param="audio")
    try:
        return Append(b64decode(audio, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("field 'audio' is not base64", param="audio") from error


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
    return CreateResponse(response)


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
}
