"""Cancels an order that has not shipped: order, rules, reason, read-back, confirmation, one WRITE."""

from __future__ import annotations

from collections.abc import AsyncIterator

from dialogue import cues, phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills import reasons
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import CONFIRM, ask_confirmation, submit, verdict, withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.orders import settle
from dialogue.types import Asked, TaskEnded, TaskStarted
from nlu.types import Expectation

REASON_CHARS = 120


class CancelOrder:
    """Cancels one order."""

    name = "cancel_order"
    intents = ("cancel_order",)
    writes = True

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn of the task."""
        draft = context.draft(self.name)
        corrected = reject_order(context, self.name, draft)
        answer = None if corrected else verdict(context, self.name)
        if answer == "yes":
            arguments = {"order_number": draft["order"], "reason": draft["reason"]}
            async for item in submit(context, self.name, "cancel_order", arguments):
                yield item
        elif answer == "no":
            for item in withdraw(context):
                yield item
        else:
            for item in await self._advance(context, draft):
                yield item

    async def _advance(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        self._read_reason(context, draft)
        settled = await settle(
            context, self.name, draft, fits=lambda order: rules.why_not_cancel(order, context.now) is None
        )
        if isinstance(settled, Pending):
            return settled.items
        return (*settled.events, *self._with_order(context, draft, settled.order))

    def _read_reason(self, context: Context, draft: Draft) -> None:
        if context.resumed:
            return
        task = context.task_of(self.name)
        name = reasons.reason_in(context.text, reasons.CANCEL_REASONS)
        if name is not None:
            draft["reason"] = reasons.in_words(name, context.wording)
        elif task is not None and task.step == "reason":
            draft["reason"] = context.turn.parse.text.strip()[:REASON_CHARS]

    def _with_order(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        rule = rules.why_not_cancel(order, context.now)
        number = order.order_number
        card = order_card(context, order)
        if rule is not None:
            opened = () if context.task_of(self.name) else (_start(context, self.name, draft),)
            text = context.say(f"cancel.refused.{rule}", number=number)
            suggestions = context.suggest("return" if rule == "already_shipped" else "human")
            return (*opened, TaskEnded("refused"), context.reply(text, suggestions=suggestions, cards=(card,)))
        if not draft.get("reason"):
            labels = tuple(reasons.in_words(name, context.wording) for name in reasons.CANCEL_REASONS)
            return (
                *context.open_task(self.name, draft, "reason"),
                Asked(Expectation("free")),
                context.reply(context.say("cancel.ask_reason", number=number), suggestions=labels),
            )
        paid = order.status is not OrderStatus.PENDING_PAYMENT
        text = context.say(
            "cancel.read_back.paid" if paid else "cancel.read_back.unpaid",
            number=number,
            what=phrasing.lines(order.lines, context.language),
            reason=draft["reason"],
            amount=phrasing.money(order.total, context.language),
        )
        return ask_confirmation(context, self.name, draft, text, cards=(card,))


def reject_order(context: Context, skill: str, draft: Draft) -> bool:
    """Whether the customer, asked to confirm, names another order or says that this one is not meant."""
    task = context.task_of(skill)
    if context.resumed or task is None or task.step != CONFIRM:
        return False
    slot = context.turn.parse.slot("order_number")
    if slot is not None:
        return str(slot.value) != draft.get("order_number", draft.get("order"))
    if not cues.is_correction(context.text) or not cues.names_order(context.text):
        return False
    draft["rejected"] = draft.get("order")
    for name in ("order", "order_number", "about"):
        draft.pop(name, None)
    return True


def _start(context: Context, skill: str, draft: Draft) -> TaskStarted:
    return TaskStarted(skill, context.task_id(skill), dict(draft))
