"""Cancels an order that has not shipped: order, rules, reason, read-back, confirmation, one WRITE."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from dialogue import phrasing
from dialogue.shop import rules
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills import paying, reasons
from dialogue.skills.cards import order_card
from dialogue.skills.confirm import refusal as rule_words
from dialogue.skills.confirm import withdraw
from dialogue.skills.context import Context, Item
from dialogue.skills.identity import opens_account, prove
from dialogue.skills.line_account import Account
from dialogue.skills.line_changes import LineChanges, by_lines, takes
from dialogue.skills.line_claims import wishes_of
from dialogue.skills.line_reading import named_orders, read_lines
from dialogue.skills.numbers import Draft, Pending
from dialogue.skills.order_words import described
from dialogue.skills.order_write import OrderWrite, passed_on, step_of
from dialogue.state import DialogueState
from dialogue.types import Asked, DialogueEvent, Reply
from nlu.types import Expectation, Parse

REASON_CHARS = 120
_ALL_ORDERS = re.compile(
    r"(?:全部|所有)的?(?:未发货的?)?订单|订单(?:全部|全都|都)|\b(?:all|both|every|each)\b(?: of)?(?: my| the|"
    r" these| those)?(?: \w+)? orders?\b",
    re.IGNORECASE,
)
_NO = re.compile(r"\s*(?:no|not|don'?t|do not)\b[^.]{0,30}\bcancel", re.IGNORECASE)
_WHOLE_STEP = "whole"
_WHOLE = re.compile(r"整单|整个订单|\b(?:whole|entire|full|complete) (?:\w+ )?order\b", re.IGNORECASE)


class CancelOrder(OrderWrite):
    """Cancels one order."""

    name = "cancel_order"
    intents = ("cancel_order",)
    action = "cancel_order"
    field = "reason"

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether the words say themselves that something is no longer wanted, or go on with what is sent back."""
        return takes(state, self.name, parse) or wishes_of(state, parse, self.name) == "cancel"

    def read(self, context: Context, draft: Draft) -> bool:
        """The reason, also before it is asked for. A reason is no correction of what was read back."""
        if by_lines(context) and (kind := paying.kind_in(context.turn.parse.text)):
            draft["refund_to"] = kind
        name = reasons.reason_in(context.text, reasons.CANCEL_REASONS)
        accepted = context.shop.policies.cancel.reasons
        if accepted is not None:
            draft["reason"] = accepted.get(name or "", draft.get("reason"))
        elif name is not None:
            draft["reason"] = reasons.in_words(name, context.wording)
        elif step_of(context, self.name) == "reason":
            draft["reason"] = context.turn.parse.text.strip()[:REASON_CHARS]
        return False

    async def _advance(self, context: Context, draft: Draft, *, given: bool) -> tuple[Item, ...]:
        """In a shop of variants the goods that are named settle the orders; what has arrived is returned instead."""
        if not by_lines(context) or draft.get("order") or draft.get("picked"):
            return await super()._advance(context, draft, given=given)
        events: tuple[DialogueEvent, ...] = ()
        if not opens_account(context):
            if context.task_of(self.name) is None:
                draft["request"] = context.turn.parse.text
            proof = await prove(context, self.name, draft)
            if isinstance(proof, Pending):
                return proof.items
            events, context = (proof,), passed_on(context, (proof,))
        text = draft.pop("request", None) or context.turn.text
        found = await orders_to_cancel(context, text)
        if found.arrived:
            return (*events, *await LineChanges(self.name, "return").take_over(context, text))
        draft.update(picked=True, partial=found.is_partial)
        if found.orders:
            draft["order"], *draft["queue"] = [order.order_number for order in found.orders]
        return (*events, *await super()._advance(replace(context, resumed=True), draft, given=given))

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn; see ``_advance``."""
        step, parse = step_of(context, self.name), context.turn.parse
        denied = _NO.match(parse.text) or (step == _WHOLE_STEP and parse.intent == "deny")
        if by_lines(context) and step and denied and not context.resumed:
            for item in withdraw(context):
                yield item
            return
        lines = "work" in context.draft(self.name)
        async for item in LineChanges(self.name, "return").run(context) if lines else super().run(context):
            yield item

    def kept(self, draft: Draft) -> Draft:
        """The reason counts for the next order too."""
        return {**super().kept(draft), "picked": True, "partial": draft.get("partial")}

    def why_not(self, context: Context, draft: Draft, order: Order) -> str | None:
        """Nothing of it may have left the warehouse."""
        return rules.why_not_cancel(order, context.now, policies=context.shop.policies)

    async def missing(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        """Whether the whole order is meant, and why it is cancelled."""
        if draft.get("partial"):
            if step_of(context, self.name) != _WHOLE_STEP or context.resumed:
                return self._ask_whole(context, draft, order)
            draft["partial"] = False
        if draft.get("reason"):
            return ()
        accepted = context.shop.policies.cancel.reasons
        names = reasons.CANCEL_REASONS if accepted is None else tuple(accepted)
        labels = tuple(reasons.in_words(name, context.wording) for name in names)
        again = step_of(context, self.name) == "reason" and accepted is not None and not context.resumed
        key = "cancel.ask_accepted" if again else "cancel.ask_reason"
        ask = context.say(key, number=order.order_number, reasons=context.say("list.or").join(labels))
        return (
            *context.open_task(self.name, draft, "reason"),
            Asked(Expectation("free", slot="cancel_reason", choices=labels if again else ())),
            context.reply(await self._to_the_original(context, draft, order), ask, suggestions=labels),
        )

    def _ask_whole(self, context: Context, draft: Draft, order: Order) -> tuple[Item, ...]:
        what = phrasing.listing([phrasing.line_name(line, context.language) for line in order.lines], context.language)
        text = context.say("cancel.partial", number=order.order_number, what=what)
        return (
            *context.open_task(self.name, draft, _WHOLE_STEP),
            Asked(Expectation("free")),
            context.reply(text, suggestions=context.suggest("yes", "no"), cards=(order_card(context, order),)),
        )

    async def _to_the_original(self, context: Context, draft: Draft, order: Order) -> str:
        """That the money cannot go where the customer wants it."""
        wanted = draft.pop("refund_to", None)
        if wanted is None:
            return ""
        methods = await context.shop.payment_methods(order.customer_id)
        paid = next((each for each in methods if each.method_id == order.payment_method), None)
        return "" if paid is None or paid.kind == wanted else context.say("cancel.to_original")

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
        key = f"cancel.refused.{rule}"
        text = (
            context.say(key, number=order.order_number)
            if context.wording.has(key)
            else context.say("confirm.refused", why=rule_words(context, rule))
        )
        return context.reply(text, suggestions=suggestions, cards=(order_card(context, order),))


@dataclass(frozen=True, slots=True)
class ToCancel:
    """What the words want cancelled."""

    orders: tuple[Order, ...] = ()
    arrived: bool = False
    """All that was named has arrived: it can only be returned."""
    is_partial: bool = False
    """Only some goods of an order were named."""


async def orders_to_cancel(context: Context, text: str) -> ToCancel:
    """The orders that ``text`` names, by number or by what is in them. Raises ``ShopUnavailable``."""
    account = await Account.open(context)
    policies = context.shop.policies
    open_orders = tuple(
        order for order in account.orders if rules.why_not_cancel(order, context.now, policies=policies) is None
    )
    if _ALL_ORDERS.search(text):
        return ToCancel(open_orders)
    last = tuple(order for order in open_orders if order.order_number == context.state.last_order)
    named = named_orders(text, account.orders) or described(text, open_orders)
    picks = [
        pick
        for pick in read_lines(text, account.owned, account.possible, context.state.last_order, "cancel")
        if pick.is_settled
    ]
    lines = [each for pick in picks for each in pick.lines if not named or each.order in named]
    kinds = {account.kind_for(each, "cancel") for each in lines}
    if lines and kinds == {"return"} and not _WHOLE.search(text):
        return ToCancel(arrived=True)
    holding = tuple(dict.fromkeys(each.order.order_number for each in lines if each.order in open_orders))
    orders = named or tuple(order for number in holding for order in open_orders if order.order_number == number)
    keys = {each.key for each in lines}
    is_partial = (
        bool(lines)
        and not _WHOLE.search(text)
        and any((order.order_number, line.sku) not in keys for order in orders for line in order.lines)
    )
    return ToCancel(orders or last, is_partial=is_partial)
