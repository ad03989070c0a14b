"""Channel ``rest``: the product's own JSON endpoint, one message in, one answer out, with intent, slots and cards."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

from aiohttp import web

from dialogue.explain import explanation
from dialogue.state import fold
from dialogue.types import CustomerSaid, Reply, ReplyAction, Turn
from gateway.channels.identity import require_key, rest_grant
from gateway.conversation import Conversation
from gateway.core import Hops
from gateway.errors import ProtocolError
from gateway.events import ReplyOut, UnderstoodOut
from gateway.metrics import Metrics
from gateway.services import SERVICES
from gateway.wire import parse_json, reply_json, understood_json
from nlu.types import Language, Parse


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.post("/v1/message", _message)]


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object. Raises ``ProtocolError``."""
    try:
        body = parse_json(await request.read() or b"null")
    except web.RequestPayloadError as error:
        raise ProtocolError("the body cannot be read; check its Content-Encoding", code="bad_body") from error
    if not isinstance(body, dict):
        raise ProtocolError("the body must be a JSON object")
    return body


def checked_flag(value: object, field: str) -> bool:
    """A boolean; null or absent: false. Raises ``ProtocolError``."""
    if value is None or isinstance(value, bool):
        return value is True
    raise ProtocolError(f"field '{field}' must be true or false", param=field)


def checked_object(value: object, field: str) -> dict[str, Any]:
    """An object; null or absent: an empty one. Raises ``ProtocolError``."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ProtocolError(f"field '{field}' must be an object", param=field)


def checked_text(request: web.Request, value: object, field: str = "text") -> str:
    """A customer's message. Raises ``ProtocolError`` when it is not a string, is blank or too long."""
    limit = request.app[SERVICES].settings.gateway.max_text_chars
    # NUL is legal JSON but no text: databases refuse it.
    value = value.replace("\0", "") if isinstance(value, str) else value
    if not isinstance(value, str) or not value.strip():
        raise ProtocolError(f"field '{field}' must be a string that is not blank")
    if len(value) > limit:
        raise ProtocolError(f"field '{field}' has {len(value)} characters; the limit is {limit}")
    # Lone surrogates are legal JSON but no text: they could not be stored or sent on.
    return value.encode("utf-8", "replace").decode("utf-8")


def checked_language(value: object) -> Language | None:
    """``zh``, ``en``, or None for ``auto`` and absent. Raises ``ProtocolError``."""
    match value:
        case "zh":
            return "zh"
        case "en":
            return "en"
        case None | "auto":
            return None
        case _:
            raise ProtocolError("field 'language' must be zh, en or auto")


async def _message(request: web.Request) -> web.Response:
    require_key(request)
    services = request.app[SERVICES]
    body = await read_object(request)
    text, language = checked_text(request, body.get("text")), checked_language(body.get("language"))
    explain = checked_flag(body.get("explain"), "explain")
    grant = rest_grant(request, body.get("conversation_id"), body.get("customer_id"))
    conversation = await services.conversations.get(
        grant.conversation_id, customer_id=grant.customer_id, channel="rest", language=language or "zh"
    )
    started, hops = time.perf_counter(), Hops()
    parse: Parse | None = None
    explained: dict[str, Any] = {}
    replies: list[Reply] = []
    turn = conversation.take_turn(text, modality="text", channel="rest", language=language, hops=hops)
    async with aclosing(turn) as items:
        async for item in items:
            match item:
                case UnderstoodOut():
                    parse = item.parse
                    if explain:
                        explained = {"explanation": _explained(conversation, item)}
                case ReplyOut():
                    replies.append(item.reply)
    elapsed_ms = (time.perf_counter() - started) * 1000
    count_hops(services.metrics, hops, elapsed_ms)
    answer = answer_json(grant.conversation_id, parse, replies, elapsed_ms)
    return web.json_response(answer | explained)


def _explained(conversation: Conversation, item: UnderstoodOut) -> dict[str, Any]:
    """Why the answer to come will be what it is; changes nothing."""
    turn = Turn(item.turn_id, item.parse.text, item.parse, "text", "rest")
    state = fold(conversation.state, CustomerSaid(turn))
    return explanation(item.parse, state.tension, conversation.core.responder.chosen(state, turn))


def count_hops(metrics: Metrics, hops: Hops, total_ms: float) -> None:
    """Record where the time of a written turn went; ``dialogue`` is the time to the first reply."""
    for hop, value in (("nlu", hops.nlu_ms), ("dialogue", hops.dialogue_ms), ("total", total_ms)):
        metrics.hop(hop, value, "rest")


def answer_json(conversation_id: str, parse: Parse | None, replies: list[Reply], latency_ms: float) -> dict[str, Any]:
    """The answer of one turn: all its replies joined. ``parse`` is None when understanding itself broke."""
    last = reply_json(replies[-1])
    actions = [reply.action for reply in replies if reply.action is not ReplyAction.SAY]
    return {
        "conversation_id": conversation_id,
        "turn_id": last["turn_id"],
        "text": "\n".join(reply.text for reply in replies if reply.text),
        "language": last["language"],
        **({} if parse is None else {k: v for k, v in understood_json(parse).items() if k != "language"}),
        "cards": [card for reply in replies for card in reply_json(reply)["cards"]],
        "suggestions": last["suggestions"],
        "sources": [source for reply in replies for source in reply.sources],
        "action": (actions[-1] if actions else ReplyAction.SAY).value,
        "generated": any(reply.generated for reply in replies),
        "latency_ms": round(latency_ms, 1),
    }
