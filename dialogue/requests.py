"""Several requests in one sentence: a ``Parse`` in, one parse per request out, in the order they were said. Pure.

    「查下我的快递，再给订单…开张发票」   -> [logistics 查下我的快递] [invoice 再给订单…开张发票]
    asked for a reason: 「不想要了，另外运费多少」 -> [inform, all of it] [freight 另外运费多少]

The first is served; the others wait in ``DialogueState.noted`` until it ends. What a return costs is told before it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from dialogue import cues
from nlu.types import INFORM, Parse, Request

ANSWERS = frozenset({INFORM, "affirm", "deny"})
NO_REQUEST = ANSWERS | {"greet", "thanks", "goodbye", "wait", "praise", "hesitate", "out_of_scope"}

_ASKED_OF = {"freight": frozenset({"return_request", "exchange_request"})}
"""Questions that belong to a request: what it costs."""
_DETAIL_OF = {
    "payment": frozenset(
        {"return_request", "exchange_request", "modify_order", "cancel_order", "refund_request", "place_order"}
    )
}
"""Statements that say more of the request before them: 「退到礼品卡」, "please use my credit card"."""


def split(parse: Parse) -> tuple[Parse, ...]:
    """What is to be served first, and what else was asked for."""
    asked = tuple(
        (replace(_part(parse, it.start, it.end), intent=it.intent, confidence=it.confidence), it.start)
        for it in _with_details(parse)
        if it.intent not in NO_REQUEST
    )
    if parse.intent in ANSWERS:
        return (_before(parse, asked), *(part for part, _ in asked))
    return _questions_first(parse, asked) if len(asked) > 1 else (parse,)


def _with_details(parse: Parse) -> tuple[Request, ...]:
    """The requests, each with what the next clause says of it and does not ask."""
    found: list[Request] = []
    for it in parse.requests:
        before = found[-1] if found else None
        asks = cues.is_question(parse.text[it.start : it.end])
        if before is not None and before.intent in _DETAIL_OF.get(it.intent, ()) and not asks:
            found[-1] = replace(before, end=it.end)
        else:
            found.append(it)
    return tuple(found)


def _questions_first(parse: Parse, asked: tuple[tuple[Parse, int], ...]) -> tuple[Parse, ...]:
    """A question on the request before it comes first, in the words of both (我要退货，运费谁出？)."""
    parts = [part for part, _ in asked]
    for at, ((before, start), (part, begins)) in enumerate(pairwise(asked)):
        if before.intent in _ASKED_OF.get(part.intent, ()):
            both = _part(parse, start, begins + len(part.text))
            parts[at : at + 2] = replace(both, intent=part.intent, confidence=part.confidence), before
            break
    return tuple(parts)


def _before(parse: Parse, asked: tuple[tuple[Parse, int], ...]) -> Parse:
    """The answer to our question, without the requests that follow it (确认，顺便问一下…)."""
    start = asked[0][1] if asked else 0
    return _part(parse, 0, start) if parse.text[:start].strip() else parse


def _part(parse: Parse, start: int, end: int) -> Parse:
    """The message from ``start`` to ``end``, with the slots in it."""
    words = parse.text[start:end]
    aligned = len(parse.normalized) == len(parse.text)
    slots = tuple(
        replace(slot, start=slot.start - start, end=slot.end - start)
        for slot in parse.slots
        if start <= slot.start and slot.end <= end
    )
    normalized = parse.normalized[start:end] if aligned else words
    return replace(parse, text=words, normalized=normalized, slots=slots, requests=())
