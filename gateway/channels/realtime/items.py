"""The items of a Realtime conversation as the client knows them: messages and function results, bounded, in order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from gateway.errors import ProtocolError

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
            if item.get("role") not in {"user", "assistant", "system"}:
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


def typed_text(item: Mapping[str, Any]) -> str:
    """What a user's message says in writing. Raises ``ProtocolError`` for sound and pictures."""
    if item.get("type") != "message" or item.get("role") != "user":
        return ""
    for part in item["content"]:
        if part.get("type") not in {"input_text", "text"}:
            raise ProtocolError(
                "field 'item.content': only input_text is taken; append sound with input_audio_buffer.append",
                param="item.content",
            )
    return "\n".join(str(part.get("text") or "") for part in item["content"]).strip()


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
