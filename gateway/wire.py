"""JSON forms shared by the web and REST channels: one home for how a parse, a reply and a card look outside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from dialogue.types import Reply
from gateway.errors import ProtocolError
from nlu.types import Parse

_HALF = re.compile("[\ud800-\udfff]")


def parse_json(text: str | bytes) -> Any:
    """JSON of a client (UTF-8). Raises ``ProtocolError``; deep nesting and bad UTF-8 included."""
    try:
        return read_json(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("the message is not valid JSON; send one JSON object", code="bad_json") from error


def read_json(text: str | bytes) -> Any:
    """Any JSON whose strings are text. Raises ``ValueError``, ``RecursionError``.

    JSON may escape halves of characters (RFC 8259 section 8.2), which can be neither stored nor sent on: each becomes
    U+FFFD, as in text that is decoded.
    """
    written = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    value = json.loads(written)
    if "\\u" not in written:
        return value
    return json.loads(_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def plain(value: Any) -> Any:
    """A value as JSON types: money as a string with two digits, times in ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def understood_json(parse: Parse) -> dict[str, Any]:
    """What Kefu made of a message."""
    return {
        "intent": parse.intent,
        "confidence": round(parse.confidence, 4),
        "slots": {slot.name: plain(slot.value) for slot in reversed(parse.slots)},
        "sentiment": parse.sentiment.polarity,
        "language": parse.language,
        "classifier": parse.classifier,
        "degraded": parse.degraded,
    }


def reply_json(reply: Reply) -> dict[str, Any]:
    """One piece of an answer."""
    return {
        "turn_id": reply.turn_id,
        "text": reply.text,
        "language": reply.language,
        "is_last": reply.is_last,
        "cards": [{"kind": card.kind, "data": plain(card.data)} for card in reply.cards],
        "suggestions": list(reply.suggestions),
        "sources": list(reply.sources),
        "action": reply.action.value,
        "generated": reply.generated,
    }
