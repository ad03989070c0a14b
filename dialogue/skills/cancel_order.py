"""Cancels an order that has not shipped: order, rules, reason, read-back, confirmation, one WRITE."""

from __future__ import annotations

from dialogue import phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills import reasons
from dialogue.skills.cards import order_card
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft
from dialogue.skills.order_write import OrderWrite, step_of
from dialogue.types import Asked, Reply
from nlu.types import Expectation

REASON_CHARS = 120


class CancelOrder(OrderWrite):
    """Cancels one order."""

    name = "cancel_order"
    intents = ("cancel_order",)
    action = "cancel_order"
    field = "reason"

    def read(self, context: Context, draft: Draft) -> bool:
        """The reason, also before it is asked for. A reason is no correction of what was read back."""
        name = reasons.reason_in(context.text, reasons.CANCEL_REASONS)
        if name is not None:
            draft["reason"] = reasons.in_words(name, context.wording)
        elif step_of(context, self.name) == "reason":
            draft["reason"] = context.turn.parse.text.strip()[:REASON_CHARS]
        return False

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Nothing of it may have left the warehouse."""
        return rules.why_not_cancel(order, context.now)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Why it is cancelled."""
        if draft.get("reason"):
            return ()
        labels = tuple(reasons.in_words(name, context.wording) for name in reasons.CANCEL_REASONS)
        return (
            *context.open_task(self.name, draft, "reason"),
            Asked(Expectation("free")),
            context.reply(context.say("cancel.ask_reason", number=order.order_number), suggestions=labels),
        )

    def read_back(self, context: Context, draft: Draft, order: Order) -> tuple[str, ...]:
        """What is in it, why, and where the money goes."""
        paid = order.status is not OrderStatus.PENDING_PAYMENT
        text = context.say(
            "cancel.read_back.paid" if paid else "cancel.read_back.unpaid",
            number=order.order_number,
            what=phrasing.lines(order.lines, context.language),
            reason=draft["reason"],
            amount=phrasing.money(order.total, context.language),
            days=context.shop.policies.refund.cancelled.days,
        )
        return (text,)

    def refusal(self, context: Context, draft: Draft, order: Order, rule: str) -> Reply:
        """Too late to cancel."""
        suggestions = context.suggest("return" if rule == "already_shipped" else "human")
        text = context.say(f"cancel.refused.{rule}", number=order.order_number)
        return context.reply(text, suggestions=suggestions, cards=(order_card(context, order),))
