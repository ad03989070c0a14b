"""What is said of a return before and instead of it: the read-back with freight and refund route, and the refusals."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialogue import phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderLine
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context
from dialogue.skills.numbers import Draft
from dialogue.types import Reply

LENIENT = "质量"
"""With this reason the rules are at their most generous: what fails here fails for every reason."""


def read_back(context: Context, draft: Draft, order: Order, level: str | None) -> tuple[str, ...]:
    """What goes back and why, what comes back and when, who pays the way; the last sentence asks."""
    kind, reason = draft["kind"], draft["reason"]
    text = context.say(
        f"returns.read_back.{kind}",
        number=order.order_number,
        what=phrasing.lines(_chosen(draft, order), context.language),
        reason=reason,
        amount=phrasing.money(rules.refund_amount(order, draft["skus"]), context.language),
    )
    if kind not in rules.KINDS:
        return (text, context.say("returns.ask"))
    refund = context.shop.policies.refund.returned
    tells_route = kind == "return" and context.turn.modality == "text"  # aloud what costs money is enough
    route = context.say(f"returns.route.{refund.route}", days=refund.days) if tells_route else ""
    return (text, route, freight(context, reason, level), context.say("returns.ask"))


def freight(context: Context, reason: str, level: str | None) -> str:
    """Who pays for sending it back."""
    costs = rules.return_freight(reason, level, policies=context.shop.policies)
    if not costs:
        return context.say("returns.freight.shop")
    return context.say("returns.freight.customer", amount=phrasing.money(costs, context.language))


def refusal(context: Context, draft: Draft, order: Order, rule: str) -> Reply:
    """Why not, and what is possible instead."""
    chosen = _chosen(draft, order) or list(order.lines)
    policies, reason = context.shop.policies, draft.get("reason", "")
    skus = [line.sku for line in chosen]
    deadline = rules.return_deadline(order, reason, skus, policies=policies)
    key = f"returns.refused.{rule}"
    if rule == "not_delivered":
        can_cancel = rules.why_not_cancel(order, context.now) is None
        key += ".can_cancel" if can_cancel else ".on_its_way"
    elif rule == "return_window_over" and not rules.is_quality_reason(reason, policies=policies):
        lenient = rules.return_deadline(order, LENIENT, skus, policies=policies)
        key += ".not_quality" if lenient is not None and context.now < lenient else ".all"
    elif rule == "return_window_over":
        key += ".all"
    text = context.say(
        key if context.wording.has(key) else "returns.refused.other",
        number=order.order_number,
        what=phrasing.lines(chosen, context.language),
        last_day=last_day(context, deadline),
        days=policies.returns.reasons["no_reason"].days,
        quality_days=policies.returns.reasons["quality"].days,
    )
    suggestions = context.suggest("cancel" if key.endswith("can_cancel") else "human")
    return context.reply(text, suggestions=suggestions, cards=(order_card(context, order),), sources=("shop:order",))


def last_day(context: Context, deadline: datetime | None) -> str:
    """The deadline is the first instant that is too late; the customer hears of the day before."""
    return phrasing.day(deadline - timedelta(seconds=1), context.now, context.language) if deadline else ""


def _chosen(draft: Draft, order: Order) -> list[OrderLine]:
    return [line for line in order.lines if line.sku in draft.get("skus", ())]
