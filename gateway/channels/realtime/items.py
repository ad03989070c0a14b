"""The items of a Realtime conversation as the client knows them: messages and function results, bounded, in order."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.errors import ProtocolError

MAX_AUDIO_BYTES = 768 * 1024
"""Of one event: 16 s of PCM. The API allows 15 MiB, which would be held in memory for every caller at once."""
_MAX_ITEMS = 500


def user_audio(item_id: str, transcript: str | None) -> dict[str, Any]:
    """What the customer said."""
    return _message(item_id, "user", [{"type": "input_audio", "transcript": transcript}], "completed")


def assistant(item_id: str, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
    """An answer."""
    return _message(item_id, "assistant", content, status)


def function_call(item_id: str, call_id: str, name: str, arguments: str, status: str) -> dict[str, Any]:
    """A call of one of the client's functions; ``arguments`` is JSON."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def _message(item_id: str, role: str, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }


def from_client(item: Mapping[str, Any], fresh_id: Callable[[], str]) -> dict[str, Any]:
    """The whole item of what a client sent. Raises ``ProtocolError`` for what Kefu does not take."""
    whole = {"object": "realtime.item", "status": "completed", **item, "id": item.get("id") or fresh_id()}
    match item.get("type"):
        case "function_call_output":
            if not isinstance(item.get("call_id"), str) or not isinstance(item.get("output"), str):
                raise ProtocolError("field 'item' of a function's result needs 'call_id' and 'output'", param="item")
        case "message":
            if item.get("role") not in ("user", "assistant", "system"):
                raise ProtocolError("field 'item.role' must be user, assistant or system", param="item.role")
            if not isinstance(item.get("content"), list) or not all(isinstance(part, dict) for part in item["content"]):
                raise ProtocolError("field 'item.content' must be a list of parts", param="item.content")
        case "function_call":
            pass
        case _:
            raise ProtocolError(
                "field 'item.type' must be message, function_call or function_call_output", param="item.type"
            )
    return whole


def said(item: Mapping[str, Any]) -> list[str | bytes]:
    """What a user's message says, part by part: words, or sound in the input format. Raises ``ProtocolError``."""
    if item.get("type") != "message" or item.get("role") != "user":
        return []
    return [_part(part) for part in item["content"]]


def without_sound(item: dict[str, Any], transcripts: Sequence[str]) -> dict[str, Any]:
    """``item`` as it is kept: its sound's words in the place of the sound."""
    heard = iter(transcripts)
    content = [
        {"type": "input_audio", "transcript": next(heard, None)} if part.get("type") == "input_audio" else part
        for part in item["content"]
    ]
    return {**item, "content": content}


def _part(part: Mapping[str, Any]) -> str | bytes:
    match part.get("type"):
        case "input_text" | "text":
            return str(part.get("text") or "")
        case "input_audio":
            return decoded_audio(part.get("audio"), "item.content")
        case _:
            raise ProtocolError("field 'item.content': only input_text and input_audio are taken", param="item.content")


def decoded_audio(audio: object, param: str) -> bytes:
    """Sound in base64. Raises ``ProtocolError``."""
    if not isinstance(audio, str):
        raise ProtocolError("field 'audio' must be a string of base64", param=param)
    if len(audio) > MAX_AUDIO_BYTES * 4 // 3 + 4:
        raise ProtocolError(f"field 'audio' holds more than {MAX_AUDIO_BYTES} bytes", param=param)
    try:
        return b64decode(audio, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("field 'audio' is not base64", param=param) from error


class Items:
    """Known items by id; the oldest is forgotten beyond a limit."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, dict[str, Any]] = OrderedDict()

    @property
    def last_id(self) -> str | None:
        """The newest item's id."""
        return next(reversed(self._items), None)

    def add(self, item: dict[str, Any]) -> str | None:
        """Keep ``item``, in place of one with its id; returns the id of the one before it."""
        previous = self.last_id
        self._items[item["id"]] = item
        if len(self._items) > _MAX_ITEMS:
            self._items.popitem(last=False)
        return previous if previous != item["id"] else None

    def get(self, item_id: str) -> dict[str, Any]:
        """Raises ``ProtocolError`` when there is none."""
        if item_id not in self._items:
            raise ProtocolError("field 'item_id': there is no such item", code="item_not_found", param="item_id")
        return self._items[item_id]

    def remove(self, item_id: str) -> None:
        """Raises ``ProtocolError`` when there is none."""
        self.get(item_id)
        del self._items[item_id]
