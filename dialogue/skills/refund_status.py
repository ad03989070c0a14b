"""Where a refund is: the customer's returns, or those of the order they name."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue import phrasing
from dialogue.shop.types import Order, Return
from dialogue.skills.cards import return_card
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Pending
from dialogue.skills.orders import settle
from dialogue.types import TaskEnded


class RefundStatus:
    """Tells how far a return is."""

    name = "refund_status"
    intents = ("refund_status",)
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """Settle the order with the return, then tell of it."""
        draft = context.draft(self.name)
        settled = await settle(context, self.name, draft, fits=lambda order: bool(order.returns), several="newest")
        if isinstance(settled, Pending):
            for item in settled.items:
                yield item
            return
        order = await _with_returns(context, settled.order, draft)
        for event in (*settled.events, *context.open_task(self.name, {"order": order.order_number})):
            yield event
        yield TaskEnded("done")
        yield _told(context, order)


async def _with_returns(context: Context, order: Order, draft: dict[str, object]) -> Order:
    """The order talked about may have no return; a signed-in customer then means the newest that has one."""
    asked_for = context.turn.parse.slot("order_number") or draft.get("order_number")
    if order.returns or asked_for or context.state.proof != "token":
        return order
    orders = await context.shop.orders(context.state.customer_id or "", 20)
    return next((other for other in orders if other.returns), order)


def _told(context: Context, order: Order) -> Item:
    number = order.order_number
    if not order.returns:
        text = context.say("refund_status.none", number=number)
        return context.reply(text, suggestions=context.suggest("return", "human"), sources=("shop:order",))
    latest = max(order.returns, key=lambda entry: entry.created_at)
    return context.reply(
        *_sentences(context, latest, number),
        cards=(return_card(context, latest),),
        suggestions=context.suggest("human"),
        sources=("shop:return",),
    )


def _sentences(context: Context, entry: Return, number: str) -> tuple[str, ...]:
    when = phrasing.moment(entry.refunded_at, context.now, context.language) if entry.refunded_at else ""
    kind = "exchange" if entry.kind == "exchange" else "return"
    key = f"refund_status.{kind}.{entry.status}"
    text = context.say(
        key, number=number, amount=phrasing.money(entry.amount, context.language), when=when or context.say("recently")
    )
    return (text,)
