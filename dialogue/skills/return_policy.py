"""「这个还能退吗」: for the order at hand its own answer (until when, who pays the way, when the money is back).

At hand is the order whose number is said, the one talked about a moment ago, or, signed in, one that holds what is
named. Without one the knowledge base answers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order
from dialogue.skills import return_words
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.skills.return_words import LENIENT
from dialogue.state import was_just_told
from dialogue.types import Reply, TaskEnded

_THIS = re.compile(
    r"这(个|件|单|双|款|台|些|样|种)|那(个|件|单|双|款)|它|刚(才|买|收)|我(买|收|的)|还能|\b(this|it|that|these|those|my)\b",
    re.IGNORECASE,
)


class ReturnPolicy:
    """Tells what may be returned."""

    name = "return_policy"
    intents = ("return_policy",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Of the order at hand, or in general. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        draft = context.draft(self.name)
        if context.task_of(self.name) is None and not await _is_at_hand(context):
            async for item in answer(context):
                yield item
            return
        settled = await settle(context, self.name, draft, fits=lambda order: True, several="newest")
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        order = settled.order
        for event in (*settled.events, *context.open_task(self.name, {"order": order.order_number}), TaskEnded("done")):
            yield event
        customer = await context.shop.customer(order.customer_id)
        yield _told(context, draft, order, customer.level if customer else None)


async def _is_at_hand(context: Context) -> bool:
    state, text = context.state, context.text
    if context.turn.parse.slot("order_number"):
        return True
    if state.last_order is not None and was_just_told(state) and _THIS.search(text):
        return True
    if state.proof != "token" or state.customer_id is None or not _THIS.search(text):
        return False
    orders = await context.shop.orders(state.customer_id, 20)
    return any(cues.mentions(text, line.name) or cues.mentions(text, line.name_en) for o in orders for line in o.lines)


def _told(context: Context, draft: Draft, order: Order, level: str | None) -> Reply:
    """Until when what of it can go back; the shop's own refusal where nothing can."""
    policies, now = context.shop.policies, context.now
    open_skus = rules.returnable_skus(order, "", now, policies=policies)
    if not open_skus:
        rule = rules.why_not_return(order, [line.sku for line in order.lines], "", now, policies=policies)
        if rule == "return_window_over" and rules.returnable_skus(order, LENIENT, now, policies=policies):
            return return_words.refusal(context, draft, order, rule)
        return return_words.refusal(context, draft, order, rule or "other")
    lines = [line for line in order.lines if line.sku in open_skus]
    others = [line for line in order.lines if line.sku not in open_skus]
    refund = policies.refund.returned
    last = return_words.last_day(context, rules.return_deadline(order, "", open_skus, policies=policies))
    text = context.say(
        "return_policy.open", number=order.order_number, what=phrasing.lines(lines, context.language), last_day=last
    )
    but = context.say("return_policy.but", what=phrasing.lines(others, context.language)) if others else ""
    details = (
        return_words.freight(context, "", level),
        context.say("return_policy.route", days=refund.days),
    )
    return context.reply(
        text,
        but,
        *(details if context.turn.modality == "text" else details[:1]),
        cards=(order_card(context, order),),
        suggestions=context.suggest("return", "exchange"),
        sources=("shop:order",),
    )
