"""What a return's draft learns from the customer's words: kind, reason, what was named first, what is wrong."""

from __future__ import annotations

import re

from dialogue import cues
from dialogue.skills import reasons
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft

REASON_CHARS = 120
KINDS = ("return", "exchange", "repair")

_EXCHANGE = re.compile(r"换货|换一|换个|换大|换小|换新|换成|更换|调换|exchange|swap|replacement|replace", re.IGNORECASE)
_RETURN = re.compile(r"退货|退款|退掉|退了|退回|我要退|想退|\breturn|refund", re.IGNORECASE)
_REPAIR = re.compile(r"维修|修理|返修|修一|保修|能修|\brepair|\bfix\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"(不是|不要|别|不用|不想)(要|想)?(退货|换货|退款|退|换|维修)|not (a |an |to )?(return|exchange|refund|repair)",
    re.IGNORECASE,
)
_LINE_WORD = re.compile(r"商品|东西|这件|这个产品|\bitem\b|\bproduct\b", re.IGNORECASE)
_REASON_WORD = re.compile(r"原因|理由|reason", re.IGNORECASE)


def read_kind(context: Context, draft: Draft, step: str | None) -> None:
    """Return, exchange or repair, as chosen or said; 「是换货，不是退货」 changes it."""
    if step == "kind" and (picked := cues.chosen(context.text, kind_labels(context))) is not None:
        draft["kind"] = KINDS[picked]
        return
    text = _NEGATED.sub("", context.text)
    if context.turn.parse.intent == "exchange_request" or _EXCHANGE.search(text):
        draft["kind"] = "exchange"
    elif _RETURN.search(text):
        draft["kind"] = "return"
    elif _REPAIR.search(text):
        draft["kind"] = "repair"
    elif _NEGATED.search(context.text) and cues.is_correction(context.text) and "kind" in draft:
        draft["kind"] = "return" if draft["kind"] == "exchange" else "exchange"


def read_reason(context: Context, draft: Draft, step: str | None) -> None:
    """Why, or what is wrong with it; what is missing is to be sent after unless something else is wished."""
    name = reasons.reason_in(_NEGATED.sub("", context.text), reasons.FAULTS + reasons.RETURN_REASONS)
    if name is not None and step != "correct":
        draft["reason"] = reasons.in_words(name, context.wording)
        if name == "missing":
            draft.setdefault("kind", "resend")
    elif step in {"reason", "fault"} and not context.resumed:
        picked = cues.chosen(context.text, reason_labels(context, step))
        words = context.turn.parse.text.strip()[:REASON_CHARS]
        draft["reason"] = reason_labels(context, step)[picked] if picked is not None else words or None
    if draft.get("reason") is None:
        draft.pop("reason", None)


def remember(context: Context, draft: Draft) -> None:
    """The order and the thing named before it is asked what is to happen."""
    if slot := context.turn.parse.slot("order_number"):
        draft["order_number"] = str(slot.value)
    draft["about"] = context.text[:REASON_CHARS]


def tells_a_fault(context: Context) -> bool:
    """The words tell what came, not what is to happen."""
    return cues.got_bad_goods(context.text) or context.turn.parse.intent == "faulty_goods"


def kind_labels(context: Context) -> tuple[str, ...]:
    """What may happen with the goods, as it is offered."""
    return tuple(context.say(f"returns.kind.{kind}") for kind in KINDS)


def reason_labels(context: Context, step: str) -> tuple[str, ...]:
    """Reasons as they are offered: at ``fault`` what may be wrong, else all."""
    names = reasons.FAULTS if step == "fault" else reasons.RETURN_REASONS
    return tuple(reasons.in_words(name, context.wording) for name in names)


def forget_the_wrong(context: Context, draft: Draft) -> None:
    """Drop what the customer says is wrong, so that it is asked for again."""
    text = context.text
    wrong = cues.is_correction(text) or context.state.expectation.kind == "choice"
    if not wrong or context.turn.parse.slot("order_number"):
        return
    if cues.names_order(text):
        draft["rejected"] = draft.get("order")
        for name in ("order", "order_number", "skus", "lines", "about"):
            draft.pop(name, None)
    elif _LINE_WORD.search(text):
        for name in ("skus", "about"):
            draft.pop(name, None)
    elif _REASON_WORD.search(text) and reasons.reason_in(text, reasons.RETURN_REASONS) is None:
        draft.pop("reason", None)
