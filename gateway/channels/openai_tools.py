"""Functions of a chat client: what an answer asks the channel to do is a call of the function of that name. Pure.

``hand_off``, ``transfer``, ``hang_up``, ``collect_digits`` (``dialogue.types.ReplyAction``), each once an answer.
Kefu calls no other function: it has a shop and a knowledge base of its own.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from dialogue.types import ReplyAction
from gateway.errors import ProtocolError

_MAX_TOOLS = 128


def declared(tools: object) -> frozenset[str]:
    """Names of the functions in a request's ``tools``. Raises ``ProtocolError``."""
    if tools is None:
        return frozenset()
    if not isinstance(tools, list) or len(tools) > _MAX_TOOLS or not all(isinstance(tool, dict) for tool in tools):
        raise ProtocolError(f"field 'tools' must be a list of at most {_MAX_TOOLS} objects", param="tools")
    functions = [tool.get("function") for tool in tools if tool.get("type") == "function"]
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in functions):
        raise ProtocolError("field 'tools': a function needs a name", param="tools")
    return frozenset(str(one["name"]) for one in functions if isinstance(one, dict))


def is_result(messages: object) -> bool:
    """Whether the last message is the result of a function: there is nothing to answer then."""
    return (
        isinstance(messages, list)
        and bool(messages)
        and isinstance(messages[-1], dict)
        and (messages[-1].get("role") == "tool")
    )


class ToolCalls:
    """The calls of one answer, as its replies come."""

    def __init__(self, names: frozenset[str]) -> None:
        """``names`` the client has declared."""
        self._names = names
        self.calls: list[dict[str, Any]] = []

    def see(self, reply: Mapping[str, Any], intent: str) -> None:
        """A reply (``gateway.wire.reply_json``)."""
        action = str(reply["action"])
        is_known = any(call["function"]["name"] == action for call in self.calls)
        if action == ReplyAction.SAY.value or action not in self._names or is_known:
            return
        arguments = json.dumps({"reason": intent, "said": reply["text"]}, ensure_ascii=False)
        self.calls.append(
            {
                "id": f"call_{secrets.token_hex(8)}",
                "type": "function",
                "function": {"name": action, "arguments": arguments},
            }
        )

    @property
    def finish_reason(self) -> str:
        """Of the whole answer."""
        return "tool_calls" if self.calls else "stop"
