"""The language models there are: Triton's ``generate``, and any endpoint of the OpenAI chat completions protocol.

Messages in, pieces of text and tool calls out. Every failure is a ``GenerationFailed``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dialogue.errors import GenerationFailed
from dialogue.generation.types import Asked, Message, ToolCall, ToolSpec
from inference_server.errors import InferenceError

if TYPE_CHECKING:
    import aiohttp

_MAX_LINE = 256 * 1024
"""Longest server-sent event, bytes."""
_MAX_CALLS = 16
_MAX_ARGUMENTS = 8192
"""Characters of a tool call's arguments; what is longer is no call of ours."""


class StreamingClient(Protocol):
    """The part of ``inference_server.client.InferenceClient`` that is used here."""

    def stream(
        self, model: str, inputs: Mapping[str, Any], *, deadline_s: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answers of a decoupled model as they come. Raises ``InferenceError``."""
        ...


class TritonGenerator:
    """The ``generate`` model on Triton. Greedy, so that the same words get the same answer."""

    def __init__(self, client: StreamingClient) -> None:
        self._client = client

    async def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``."""
        inputs = {
            "MESSAGES": np.array([json.dumps(list(messages), ensure_ascii=False)], dtype=np.object_),
            "MAX_TOKENS": np.array([max_tokens], dtype=np.int32),
            "TEMPERATURE": np.array([0.0], dtype=np.float32),
        }
        try:
            async with aclosing(self._client.stream("generate", inputs, deadline_s=deadline_s)) as responses:
                async for response in responses:
                    if piece := _text_of(response.get("TEXT")):
                        yield piece
        except InferenceError as error:
            raise GenerationFailed(error.code) from error


class OpenAIGenerator:
    """Any endpoint that speaks the OpenAI chat completions protocol, streaming (server-sent events)."""

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        """``url`` is the base, e.g. ``http://127.0.0.1:8000/v1``."""
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``."""
        async with aclosing(self.converse(Asked(messages, deadline_s, max_tokens))) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    yield piece

    async def converse(self, asked: Asked) -> AsyncGenerator[str | ToolCall, None]:
        """Pieces of text, then the tool calls. Raises ``GenerationFailed``."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=asked.deadline_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers, read_bufsize=_MAX_LINE) as session,
                session.post(self._url, json=self._body(asked)) as response,
            ):
                if response.status != 200:
                    raise GenerationFailed(f"the endpoint answered {response.status}")
                calls: dict[int, _Call] = {}
                async for delta in _deltas(response):
                    if isinstance(piece := delta.get("content"), str) and piece:
                        yield piece
                    _gather(calls, delta.get("tool_calls") or ())
                for _, call in sorted(calls.items()):
                    yield ToolCall(call.call_id, call.name, "".join(call.arguments))
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise GenerationFailed(type(error).__name__) from error

    def _body(self, asked: Asked) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": list(asked.messages),
            "max_tokens": asked.max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if asked.tools:
            body["tools"] = [_tool(spec) for spec in asked.tools]
        return body


@dataclass(slots=True)
class _Call:
    """A tool call whose pieces are still coming."""

    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


def _gather(calls: dict[int, _Call], pieces: Sequence[Mapping[str, Any]]) -> None:
    for piece in pieces:
        call = calls.setdefault(int(piece.get("index", 0)), _Call())
        if len(calls) > _MAX_CALLS:
            raise GenerationFailed("too many tool calls")
        function = piece.get("function") or {}
        call.call_id = str(piece.get("id") or call.call_id)
        call.name += str(function.get("name") or "")
        call.arguments.append(str(function.get("arguments") or ""))
        if sum(map(len, call.arguments)) > _MAX_ARGUMENTS:
            raise GenerationFailed("a tool call without end")


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)},
    }


async def _deltas(response: aiohttp.ClientResponse) -> AsyncIterator[Mapping[str, Any]]:
    """The delta of each server-sent event until ``[DONE]``."""
    async for raw in response.content:
        line = raw.decode("utf-8", "replace").strip()
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        choices = json.loads(data).get("choices") or [{}]
        yield choices[0].get("delta") or {}


def _text_of(tensor: Any) -> str:
    if tensor is None:
        return ""
    values = np.asarray(tensor, dtype=np.object_).ravel().tolist()
    return "".join(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values)
