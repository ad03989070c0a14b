"""Functions of OpenAI's clients, for chat completions and the Realtime API alike. Pure.

Kefu calls a function for the intent that it is named like or mapped to (``[functions] intents``), or for what an answer
asks the channel to do: ``hand_off``, ``transfer``, ``hang_up``, ``collect_digits`` (``dialogue.types.ReplyAction``).
With ``[generate] mode = "answer"`` a language model may call any. Which arguments it gets: ``dialogue.functions``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialogue.functions import NO_FUNCTIONS, ClientFunction, FunctionResult, Functions, read_function
from dialogue.types import Reply, ReplyAction
from gateway.errors import ProtocolError

MAX_TOOLS = 128
MAX_OUTPUT_CHARS = 32_768
ACTIONS = frozenset(action.value for action in ReplyAction) - {ReplyAction.SAY.value}
"""Functions that are called for what an answer asks the channel to do; their outputs add nothing."""


def declared(tools: object) -> tuple[ClientFunction, ...]:
    """The functions in a chat request's ``tools``. Raises ``ProtocolError``."""
    if tools is None:
        return ()
    if not isinstance(tools, list) or len(tools) > MAX_TOOLS or not all(isinstance(tool, dict) for tool in tools):
        raise ProtocolError(f"field 'tools' must be a list of at most {MAX_TOOLS} objects", param="tools")
    functions = [tool.get("function") for tool in tools if tool.get("type") == "function"]
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in functions):
        raise ProtocolError("field 'tools': a function needs a name", param="tools")
    return tuple(
        read_function(one["name"], one.get("description"), one.get("parameters"))
        for one in functions
        if isinstance(one, dict)
    )


def offer(functions: Iterable[ClientFunction], choice: object, intents: Mapping[str, str]) -> Functions:
    """What may be called under this ``tool_choice``: ``none``, ``auto``, ``required`` or a function by name.

    ``required`` is heeded where there is one function. Raises ``ProtocolError``.
    """
    by_name = {one.name: one for one in functions}
    match choice:
        case "none":
            return NO_FUNCTIONS
        case None | "auto":
            return Functions(by_name, None, intents)
        case "required":
            only = next(iter(by_name.values())) if len(by_name) == 1 else None
            return Functions(by_name, only.name if only and only.can_be_filled else None, intents)
        case {"type": "function", "function": {"name": str(name)}} | {"type": "function", "name": str(name)}:
            if name not in by_name:
                raise ProtocolError("field 'tool_choice' names none of the tools", param="tool_choice")
            if not by_name[name].can_be_filled:
                raise ProtocolError(
                    "field 'tool_choice' names a function that requires an object, a list or a truth value; "
                    "only strings, numbers and enums can be filled from what a customer says",
                    param="tool_choice",
                )
            return Functions(by_name, name, intents)
        case _:
            raise ProtocolError(
                "field 'tool_choice' must be none, auto, required or a function by name", param="tool_choice"
            )


def results(messages: object) -> tuple[FunctionResult, ...]:
    """The outputs with which a chat request ends, each of a call made before them. Raises ``ProtocolError``."""
    if not isinstance(messages, list):
        return ()
    outputs: list[Mapping[str, Any]] = []
    for message in reversed(messages):
        if not isinstance(message, dict) or message.get("role") != "tool":
            break
        outputs.insert(0, message)
    if not outputs:
        return ()
    made = _made(messages[: len(messages) - len(outputs)])
    return tuple(_result(message, made) for message in outputs)


def _made(messages: Sequence[object]) -> Mapping[str, str]:
    """Call to function, of the assistant's messages."""
    found: dict[str, str] = {}
    for message in messages:
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for call in calls if isinstance(calls, list) else []:
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict) and isinstance(call.get("id"), str):
                found[call["id"]] = str(function.get("name"))
    return found


def _result(message: Mapping[str, Any], made: Mapping[str, str]) -> FunctionResult:
    call_id, content = message.get("tool_call_id"), message.get("content")
    if not isinstance(call_id, str) or call_id not in made:
        raise ProtocolError(
            "a message with role 'tool' must follow a message with 'tool_calls' that has its 'tool_call_id'",
            code="unknown_call_id",
            param="messages",
        )
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str) or len(content) > MAX_OUTPUT_CHARS:
        raise ProtocolError(
            f"a message with role 'tool' needs a 'content' of at most {MAX_OUTPUT_CHARS} characters", param="messages"
        )
    return FunctionResult(call_id, made[call_id], content)


class ToolCalls:
    """The calls of one answer, as its replies come."""

    def __init__(self, functions: Functions) -> None:
        """``functions`` that the client offers."""
        self.functions = functions
        self.calls: list[dict[str, Any]] = []

    def see(self, reply: Reply, intent: str) -> None:
        """A reply of the answer."""
        if reply.call is not None:
            self._add(reply.call.call_id, reply.call.name, reply.call.arguments)
        action = reply.action.value
        is_known = any(call["function"]["name"] == action for call in self.calls)
        if action in ACTIONS and action in self.functions.by_name and not is_known:
            self._add(f"call_{secrets.token_hex(12)}", action, {"reason": intent, "said": reply.text})

    def _add(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> None:
        told = json.dumps(dict(arguments), ensure_ascii=False)
        self.calls.append({"id": call_id, "type": "function", "function": {"name": name, "arguments": told}})

    @property
    def finish_reason(self) -> str:
        """Of the whole answer."""
        return "tool_calls" if self.calls else "stop"
