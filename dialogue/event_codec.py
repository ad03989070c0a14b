"""Dialogue events to JSON and back, without loss: ``decode(encode(event)) == event``.

The dataclasses are the schema: ``{"type": tag, field: value, ...}``. JSON has no decimals, dates or tuples, so where
the dataclass leaves the type open (slots, arguments) such a value is a map with one key: ``{"$decimal": "12.50"}``,
``{"$date": ...}``, ``{"$datetime": ...}``, ``{"$float": "nan"}``, ``{"$tuple": [...]}``; a customer's own map of that
look goes into ``$map``.
Fields added later need a default; a tag never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dialogue import types
from dialogue.types import DialogueEvent

EVENT_TYPES: dict[str, type[DialogueEvent]] = {
    "customer_said": types.CustomerSaid,
    "customer_identified": types.CustomerIdentified,
    "task_started": types.TaskStarted,
    "task_updated": types.TaskUpdated,
    "task_ended": types.TaskEnded,
    "asked": types.Asked,
    "misunderstood": types.Misunderstood,
    "understood": types.Understood,
    "read_back": types.ReadBack,
    "action_started": types.ActionStarted,
    "action_finished": types.ActionFinished,
    "action_dropped": types.ActionDropped,
    "said": types.Said,
    "handed_off": types.HandedOff,
    "language_changed": types.LanguageChanged,
    "requests_noted": types.RequestsNoted,
}
"""Tag to class: what may stand in the database."""

_TAGS = {event_type: tag for tag, event_type in EVENT_TYPES.items()}
_ADAPTERS: dict[str, TypeAdapter[DialogueEvent]] = {
    tag: TypeAdapter(event_type) for tag, event_type in EVENT_TYPES.items()
}
_READ: dict[str, Callable[[Any], Any]] = {
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$datetime": datetime.fromisoformat,
    "$float": float,
    "$tuple": lambda items: tuple(unpack(item) for item in items),
    "$map": lambda items: {key: unpack(item) for key, item in items.items()},
}


def encode(event: DialogueEvent) -> dict[str, Any]:
    """JSON of ``event``. Raises ``TypeError`` when an open field holds something that is no plain value."""
    return {"type": _TAGS[type(event)], **_pack_typed(event)}


def decode(payload: Mapping[str, Any]) -> DialogueEvent:
    """The event that ``encode`` wrote. Raises ``ValueError`` for anything else."""
    tag = payload.get("type")
    if tag not in _ADAPTERS:
        raise ValueError(f"no event is called {tag!r}")
    values = {name: unpack(value) for name, value in payload.items() if name != "type"}
    try:
        return _ADAPTERS[tag].validate_python(values)
    except ValidationError as error:
        # Not the values: they are the customer's words.
        raise ValueError(f"a {tag} event has {error.error_count()} wrong fields") from None


def pack(value: Any) -> Any:
    """A plain value of open type as JSON. Raises ``TypeError`` for what is none."""
    match value:
        case float() if not isfinite(value):
            return {"$float": repr(value)}
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"$decimal": str(value)}
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case tuple():
            return {"$tuple": [pack(item) for item in value]}
        case list():
            return [pack(item) for item in value]
        case Mapping():
            return _pack_map(value)
    raise TypeError(f"an event cannot carry a {type(value).__name__}")


def unpack(value: Any) -> Any:
    """The value that ``pack`` wrote."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key in _READ:
            return _READ[key](inner)
    return {key: unpack(item) for key, item in value.items()}


def _pack_map(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in value):
        raise TypeError("the keys of an event's map are text")
    packed = {key: pack(item) for key, item in value.items()}
    looks_tagged = len(packed) == 1 and next(iter(packed)) in _READ
    return {"$map": packed} if looks_tagged else packed


def _pack_typed(value: Any) -> Any:
    """A value whose type the dataclass gives: tuples are plain lists there."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _pack_typed(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_pack_typed(item) for item in value]
    return pack(value)
