"""Channel ``openai_chat``: POST /v1/chat/completions in OpenAI's shape, streaming (SSE) and not.

The last ``user`` message is the turn; ``metadata.conversation_id`` or ``user`` names the conversation, which keeps the
dialogue on our side (earlier messages of the request are not replayed). Without either each request is a new one.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from dialogue.functions import FunctionResult
from gateway import patience
from gateway.channels.identity import require_key, rest_grant
from gateway.channels.openai_tools import ACTIONS, ToolCalls, declared, offer, results
from gateway.channels.rest import checked_flag, checked_object, checked_text, count_hops, read_object
from gateway.conversation import Conversation
from gateway.core import Hops
from gateway.errors import ProtocolError
from gateway.events import ReplyOut, UnderstoodOut
from gateway.services import SERVICES
from gateway.wire import reply_json, understood_json

MODEL = "kefu"
MODELS = (MODEL, "kefu-asr", "kefu-tts")
"""The dialogue, the recogniser and the voice, as configured. Requests may name any other: these answer."""


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.post("/v1/chat/completions", _completions),
        web.get("/v1/models", _models),
        web.get("/v1/models/{model}", _model),
    ]


def _model_json(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "owned_by": "kefu", "created": 0}


async def _models(request: web.Request) -> web.Response:
    require_key(request)
    return web.json_response({"object": "list", "data": [_model_json(name) for name in MODELS]})


async def _model(request: web.Request) -> web.Response:
    require_key(request)
    name = request.match_info["model"]
    if name not in MODELS:
        known = ", ".join(MODELS)
        raise ProtocolError(f"there is no such model; known are {known}", code="model_not_found", status=404)
    return web.json_response(_model_json(name))


async def _completions(request: web.Request) -> web.StreamResponse:
    require_key(request)
    services = request.app[SERVICES]
    body = await read_object(request)
    intents = services.settings.functions.intents
    tools = ToolCalls(offer(declared(body.get("tools")), body.get("tool_choice"), intents))
    outputs = results(body.get("messages"))
    text = checked_text(request, last_user_text(body.get("messages")), "messages")
    metadata = checked_object(body.get("metadata"), "metadata")
    is_streamed, with_usage = checked_flag(body.get("stream"), "stream"), wants_usage(body.get("stream_options"))
    named = metadata.get("conversation_id")
    grant = rest_grant(request, body.get("user") if named is None else named, metadata.get("customer_id"))
    conversation = await services.conversations.get(
        grant.conversation_id, customer_id=grant.customer_id, channel="rest"
    )
    # The output of a function is no turn of the customer's.
    pieces = _told(conversation, outputs, tools) if outputs else _pieces(conversation, text, tools)
    answer = _Answer(conversation, text, pieces, tools)
    if is_streamed:
        return await _stream(request, answer, with_usage=with_usage)
    return web.json_response(await _whole(answer))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer on its way: its pieces, and the calls that they add up to."""

    conversation: Conversation
    asked: str
    pieces: AsyncGenerator[tuple[str, dict[str, Any]]]
    tools: ToolCalls


def wants_usage(options: object) -> bool:
    """Whether a streamed answer ends with its usage. Raises ``ProtocolError``."""
    wanted = checked_object(options, "stream_options").get("include_usage")
    return checked_flag(wanted, "stream_options.include_usage")


def last_user_text(messages: object) -> str:
    """Text of the last user message; its content may be a string or a list of text parts. Raises ``ProtocolError``."""
    if not isinstance(messages, list) or not messages:
        raise ProtocolError("field 'messages' must be a list with at least one message")
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            return _content(message.get("content"))
    raise ProtocolError("field 'messages' has no message with role 'user'")


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "\n".join(text for text in texts if isinstance(text, str))
    raise ProtocolError("field 'messages[].content' must be a string or a list of text parts")


async def _pieces(
    conversation: Conversation, text: str, tools: ToolCalls
) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """The words of the answer as they come, each with what Kefu adds to OpenAI's shape."""
    understood: dict[str, Any] = {}
    words = ""
    started, hops = time.perf_counter(), Hops()
    turn = conversation.take_turn(text, modality="text", channel="rest", hops=hops, functions=tools.functions)
    async with aclosing(turn) as items:
        async for item in items:
            match item:
                case UnderstoodOut():
                    understood = understood_json(item.parse)
                case ReplyOut():
                    separator = "\n" if words else ""
                    words += item.reply.text
                    tools.see(item.reply, str(understood.get("intent", "")))
                    yield separator + item.reply.text, {**understood, **reply_json(item.reply)}
    count_hops(conversation.core.metrics, hops, (time.perf_counter() - started) * 1000)


async def _told(
    conversation: Conversation, outputs: Sequence[FunctionResult], tools: ToolCalls
) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """What the client's functions gave back, in words; of what answers an action of Kefu's there is nothing to say."""
    words = ""
    for output in outputs:
        if output.name in ACTIONS:
            continue
        told = conversation.take_result(output, modality="text", channel="rest", functions=tools.functions)
        async with aclosing(told) as items:
            async for item in items:
                separator = "\n" if words and item.reply.text else ""
                words += item.reply.text
                yield separator + item.reply.text, reply_json(item.reply)


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(text: str, words: str) -> dict[str, int]:
    """Kefu has no tokeniser of its own at this level; characters are the honest unit, and they are named so."""
    return {"prompt_tokens": len(text), "completion_tokens": len(words), "total_tokens": len(text) + len(words)}


async def _whole(answer: _Answer) -> dict[str, Any]:
    words = ""
    extra: dict[str, Any] = {}
    async with aclosing(answer.pieces) as pieces:
        async for piece, details in pieces:
            words += piece
            extra = {**extra, **details, "cards": [*extra.get("cards", []), *details["cards"]]}
    extra.pop("text", None)
    message: dict[str, Any] = {"role": "assistant", "content": words}
    if answer.tools.calls:
        message["tool_calls"] = answer.tools.calls
    return {
        **_envelope("chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": answer.tools.finish_reason, "logprobs": None}],
        "usage": _usage(answer.asked, words),
        "kefu": {**extra, "conversation_id": answer.conversation.id, "usage_unit": "characters"},
    }


async def _stream(request: web.Request, answer: _Answer, *, with_usage: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    envelope = _envelope("chat.completion.chunk")

    async def send(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> None:
        await write({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **extra})

    async def write(fields: dict[str, Any]) -> None:
        # With usage wanted every chunk has the field, and only the last one, without choices, fills it.
        chunk = {**envelope, **({"usage": None} if with_usage else {}), **fields}
        await patience.write(request, response, f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())

    words = ""
    # A client that leaves is no error; the turn it asked for ends with its iterator.
    with suppress(ConnectionError):
        await send({"role": "assistant", "content": ""})
        async with aclosing(answer.pieces) as pieces:
            async for piece, details in pieces:
                words += piece
                await send({"content": piece}, kefu={**details, "conversation_id": answer.conversation.id})
        if calls := answer.tools.calls:
            await send({"tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]})
        await send({}, answer.tools.finish_reason)
        if with_usage:
            await write({"choices": [], "usage": _usage(answer.asked, words)})
        await patience.write(request, response, b"data: [DONE]\n\n")
        await patience.finish(request, response)
    return response
